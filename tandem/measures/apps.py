from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room


class MeasuresConfig(Room):
    name = "tandem.measures"
    label = "measures"
    verbose_name = _("Measures")
    permissions = {
        "measures.view": Permission(
            _("See measures"),
            frozenset({"admin", "manager", "marketer", "seller", "viewer"}),
        ),
    }
    loads = ("views",)
