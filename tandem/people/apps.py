from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room

_EVERYONE = frozenset({"admin", "manager", "marketer", "seller", "viewer"})
_WRITERS = frozenset({"admin", "manager", "marketer", "seller"})
_LEADERS = frozenset({"admin", "manager"})


class PeopleConfig(Room):
    name = "tandem.people"
    label = "people"
    verbose_name = _("People")
    permissions = {
        "people.view": Permission(_("See people and companies"), _EVERYONE),
        "people.create": Permission(_("Add people and companies"), _WRITERS),
        "people.edit": Permission(_("Change people and companies"), _WRITERS),
        "people.delete": Permission(_("Delete people and companies"), _LEADERS),
        # Of rules and of the actions of upper rooms, which ask for their own right first.
        "people.stage": Permission(_("Note a step of the lifecycle"), _WRITERS),
        "people.assign": Permission(_("Give people and companies an owner"), _WRITERS),
    }
    loads = ("views",)
