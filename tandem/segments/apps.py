from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room

_EVERYONE = frozenset({"admin", "manager", "marketer", "seller", "viewer"})
_MARKETING = frozenset({"admin", "manager", "marketer"})


class SegmentsConfig(Room):
    name = "tandem.segments"
    label = "segments"
    verbose_name = _("Segments")
    permissions = {
        "segments.view": Permission(_("See segments and who is in them"), _EVERYONE),
        "segments.create": Permission(_("Make segments"), _MARKETING),
        "segments.edit": Permission(_("Change and publish segments"), _MARKETING),
        "segments.delete": Permission(_("Delete segments"), frozenset({"admin", "manager"})),
        # Of the job that keeps memberships up to date.
        "segments.follow": Permission(_("Keep segments up to date"), frozenset()),
    }
    loads = ("views",)
