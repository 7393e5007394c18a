from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room

_EVERYONE = frozenset({"admin", "manager", "marketer", "seller", "viewer"})


class NotificationsConfig(Room):
    name = "tandem.notifications"
    label = "notifications"
    verbose_name = _("Notifications")
    permissions = {
        "notifications.view": Permission(_("Read and settle one's own notifications"), _EVERYONE),
        "notifications.tell": Permission(_("Notify colleagues"), frozenset()),
    }
    loads = ("views",)
