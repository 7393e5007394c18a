from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room

_EVERYONE = frozenset({"admin", "manager", "marketer", "seller", "viewer"})
_SALES = frozenset({"admin", "manager", "seller"})
_LEADERS = frozenset({"admin", "manager"})


class DealsConfig(Room):
    name = "tandem.deals"
    label = "deals"
    verbose_name = _("Deals")
    permissions = {
        "deals.view": Permission(_("See deals"), _EVERYONE),
        "deals.create": Permission(_("Open deals"), _SALES),
        "deals.edit": Permission(_("Change and move deals"), _SALES),
        "deals.close": Permission(_("Win, lose and reopen deals"), _SALES),
        "deals.delete": Permission(_("Delete deals"), _LEADERS),
        "deals.settings": Permission(_("Set up pipelines and stages"), _LEADERS),
    }
    loads = ("queries.figures", "views")
