from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room


class KernelConfig(Room):
    name = "tandem.kernel"
    label = "kernel"
    permissions = {
        "kernel.undo": Permission(
            _("Undo one's own changes"),
            frozenset({"admin", "manager", "marketer", "seller"}),
        ),
        "kernel.watch": Permission(
            _("See and stop one's own long jobs"),
            frozenset({"admin", "manager", "marketer", "seller", "viewer"}),
        ),
        "kernel.undo_any": Permission(_("Undo the changes of others"), frozenset({"admin"})),
        "kernel.operate": Permission(
            _("Release sending, cancel the jobs of others"), frozenset({"admin"})
        ),
        "kernel.deliver": Permission(_("Deliver facts to their subscribers"), frozenset()),
    }
    loads = ("facts", "idempotency", "undo")
