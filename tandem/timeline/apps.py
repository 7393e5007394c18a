from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room


class TimelineConfig(Room):
    name = "tandem.timeline"
    label = "timeline"
    verbose_name = _("Timeline")
    permissions = {
        "timeline.view": Permission(
            _("Read the story of a record"),
            frozenset({"admin", "manager", "marketer", "seller", "viewer"}),
        ),
        "timeline.pin": Permission(
            _("Pin entries on top of the story of a record"),
            frozenset({"admin", "manager", "marketer", "seller"}),
        ),
        "timeline.maintain": Permission(_("Make room for new entries"), frozenset()),
    }
    loads = ("actions", "views")
