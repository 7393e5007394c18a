from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room

_EVERYONE = frozenset({"admin", "manager", "marketer", "seller", "viewer"})
_MARKETING = frozenset({"admin", "manager", "marketer"})


class CaptureConfig(Room):
    name = "tandem.capture"
    label = "capture"
    verbose_name = _("Forms and pages")
    permissions = {
        "capture.view": Permission(_("See forms, pages and what came in"), _EVERYONE),
        "capture.create": Permission(_("Make forms and pages"), _MARKETING),
        "capture.edit": Permission(_("Change forms and pages"), _MARKETING),
        "capture.delete": Permission(_("Delete forms and pages"), _MARKETING),
        "capture.enter": Permission(_("Write down an enquiry"), _MARKETING),
        "capture.moderate": Permission(_("Release or delete what looks like spam"), _MARKETING),
        "capture.maintain": Permission(_("Forget old counts of events"), frozenset()),
        "capture.submit": Permission(_("Send a form as a visitor"), frozenset()),
    }
    loads = ("views",)
