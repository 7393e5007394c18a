from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room

_EVERYONE = frozenset({"admin", "manager", "marketer", "seller", "viewer"})
_WRITERS = frozenset({"admin", "manager", "marketer", "seller"})
_MARKETING = frozenset({"admin", "manager", "marketer"})


class ConsentConfig(Room):
    name = "tandem.consent"
    label = "consent"
    verbose_name = _("Consent")
    permissions = {
        "consent.view": Permission(_("See what people have agreed to"), _EVERYONE),
        "consent.record": Permission(_("Record consent and its withdrawal"), _WRITERS),
        "consent.suppress": Permission(_("Put addresses on the stop list"), _WRITERS),
        "consent.edit_stop": Permission(_("Change notes on the stop list"), _WRITERS),
        "consent.lift": Permission(_("Take addresses off the stop list"), _MARKETING),
    }
    loads = ("views",)
