from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room


class LakeConfig(Room):
    name = "tandem.lake"
    label = "lake"
    verbose_name = _("Events")
    permissions = {
        "lake.link": Permission(_("Say whom a visitor turned out to be"), frozenset()),
        "lake.maintain": Permission(_("Make room for events, forget old ids"), frozenset()),
    }
