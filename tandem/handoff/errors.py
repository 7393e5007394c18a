"""What leads and hand-offs refuse."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Conflict, Invalid


class HandoffAnswered(Conflict):
    """Somebody was faster, or the offer was taken back: nothing has been changed."""

    code = "handoff_answered"
    message = _("This hand-off was answered in the meantime.")


class HandoffOver(Conflict):
    """The hand-off is not in a state in which this can be done."""

    code = "handoff_over"
    message = _("This cannot be done with this hand-off any more.")


class ReplyGiven(Conflict):
    """A rejection is replied to once."""

    code = "reply_given"
    message = _("Marketing has replied already.")


class NotRejected(Conflict):
    """Only a rejection is replied to."""

    code = "not_rejected"
    message = _("This hand-off was not rejected.")


class TriesMissing(Invalid):
    """Sales may call somebody unreachable only after it has tried."""

    code = "tries_missing"
    message = _("“Unreachable” needs three logged tries.")


class LeadClosed(Conflict):
    """The lead has come to its end."""

    code = "lead_closed"
    message = _("This lead is closed.")


class HandoffOffered(Conflict):
    """The lead is on offer already."""

    code = "handoff_offered"
    message = _("This lead is handed off already.")


class PersonUnknown(Invalid):
    code = "person_unknown"
    message = _("This person is not here, or you may not see them.")


class CampaignUnknown(Invalid):
    code = "campaign_unknown"
    message = _("There is no such campaign.")


class SellerUnknown(Invalid):
    code = "seller_unknown"
    message = _("There is no such colleague who takes hand-offs.")


class VersionConflict(Conflict):
    """The record was changed since the version that the actor had read."""

    code = "version_conflict"
    message = _("Someone has changed this in the meantime. Look at it and try again.")
