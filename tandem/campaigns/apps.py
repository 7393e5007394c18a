from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room

_EVERYONE = frozenset({"admin", "manager", "marketer", "seller", "viewer"})
_MARKETING = frozenset({"admin", "manager", "marketer"})


class CampaignsConfig(Room):
    name = "tandem.campaigns"
    label = "campaigns"
    verbose_name = _("Campaigns")
    permissions = {
        "campaigns.view": Permission(_("See campaigns"), _EVERYONE),
        "campaigns.create": Permission(_("Plan campaigns"), _MARKETING),
        "campaigns.edit": Permission(_("Change campaigns and note costs"), _MARKETING),
        "campaigns.delete": Permission(_("Delete campaigns"), frozenset({"admin", "manager"})),
    }
    loads = ("views",)
