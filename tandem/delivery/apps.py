from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room

_EVERYONE = frozenset({"admin", "manager", "marketer", "seller", "viewer"})
_WRITERS = frozenset({"admin", "manager", "marketer", "seller"})
_OPERATORS = frozenset({"admin"})


class DeliveryConfig(Room):
    name = "tandem.delivery"
    label = "delivery"
    verbose_name = _("Mail")
    permissions = {
        "delivery.view": Permission(_("See the messages sent to people"), _EVERYONE),
        "delivery.plan": Permission(_("Send messages to people"), _WRITERS),
        "delivery.send": Permission(_("Hand messages to the mail server"), frozenset()),
        "delivery.operate": Permission(_("Set up mail and send a test"), _OPERATORS),
        "delivery.write": Permission(_("Make messages by hand"), frozenset()),
    }
    loads = ("transports", "views")
