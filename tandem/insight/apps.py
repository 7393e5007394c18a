from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room


class InsightConfig(Room):
    name = "tandem.insight"
    label = "insight"
    verbose_name = _("Insight")
    permissions = {
        "insight.view": Permission(
            _("See attribution and what both teams reach"),
            frozenset({"admin", "manager", "marketer", "seller", "viewer"}),
        ),
    }
    loads = ("views",)
