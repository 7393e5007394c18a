from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room

_EVERYONE = frozenset({"admin", "manager", "marketer", "seller", "viewer"})
_WRITERS = frozenset({"admin", "manager", "marketer", "seller"})


class RecordsConfig(Room):
    name = "tandem.records"
    label = "records"
    permissions = {
        "records.view": Permission(_("Open lists and records"), _EVERYONE),
        "records.comment": Permission(_("Comment on records"), _WRITERS),
        "records.tag": Permission(_("Tag records"), _WRITERS),
        "records.write": Permission(_("Fill in fields of records"), _WRITERS),
        "records.fields": Permission(
            _("Add and change fields of records"), frozenset({"admin", "manager"})
        ),
        "records.attach": Permission(_("Attach files to records"), _WRITERS),
        "records.own_views": Permission(_("Keep one's own views"), _EVERYONE),
        "records.import": Permission(
            _("Import files"), frozenset({"admin", "manager", "marketer"})
        ),
        "records.merge": Permission(_("Merge records, and take a merge back"), _WRITERS),
        "records.export": Permission(
            _("Export records to files"), frozenset({"admin", "manager", "marketer"})
        ),
        "records.see_accesses": Permission(
            _("See who looked at personal data and took it out"), frozenset({"admin"})
        ),
        "records.find_duplicates": Permission(_("Look for duplicates"), _WRITERS),
        "records.erase": Permission(_("Erase records for good"), frozenset({"admin"})),
        "records.disclose": Permission(
            _("Give people a copy of all that is stored about them"), frozenset({"admin"})
        ),
        "records.share_views": Permission(
            _("Share views with a team or everyone"), frozenset({"admin", "manager"})
        ),
    }
    loads = ("views",)
