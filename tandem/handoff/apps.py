from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room

_EVERYONE = frozenset({"admin", "manager", "marketer", "seller", "viewer"})
_BOTH_SIDES = frozenset({"admin", "manager", "marketer", "seller"})


class HandoffConfig(Room):
    name = "tandem.handoff"
    label = "handoff"
    verbose_name = _("Hand-off")
    permissions = {
        "handoff.view": Permission(_("See leads and hand-offs"), _EVERYONE),
        "handoff.create": Permission(_("Make leads and offer them"), _BOTH_SIDES),
        "handoff.answer": Permission(
            _("Accept and reject hand-offs"), frozenset({"admin", "manager", "seller"})
        ),
        "handoff.reply": Permission(
            _("Reply to a rejection"), frozenset({"admin", "manager", "marketer"})
        ),
        "handoff.assign": Permission(
            _("Give a hand-off to another seller"), frozenset({"admin", "manager"})
        ),
        "handoff.settings": Permission(_("Set what makes a lead"), frozenset({"admin", "manager"})),
        "handoff.automate": Permission(_("Make leads by rule and watch clocks"), frozenset()),
    }
    loads = ("views", "queries.figures")
