from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room

_EVERYONE = frozenset({"admin", "manager", "marketer", "seller", "viewer"})
_BOOKERS = frozenset({"admin", "manager", "seller"})
_LEADERS = frozenset({"admin", "manager"})


class RevenueConfig(Room):
    name = "tandem.revenue"
    label = "revenue"
    verbose_name = _("Revenue")
    permissions = {
        "revenue.view": Permission(_("See orders"), _EVERYONE),
        "revenue.book": Permission(_("Book orders"), _BOOKERS),
        "revenue.edit": Permission(_("Change whose order it is"), _BOOKERS),
        "revenue.import": Permission(_("Import orders"), _LEADERS),
        "revenue.delete": Permission(_("Delete orders"), _LEADERS),
    }
    loads = ("actions", "queries", "views")
