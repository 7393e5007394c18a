"""What may be done in this room: plan, send, set up."""

from tandem.delivery.actions.confirmations import confirm_submissions
from tandem.delivery.actions.erasing import withhold_erased
from tandem.delivery.actions.ledger import (
    Lease,
    Reservation,
    hand,
    recover,
    refuse_malformed,
    release,
    reserve,
    settle,
)
from tandem.delivery.actions.planning import (
    change_mail_settings,
    plan_message,
    send_test,
    written_by_nobody,
)
from tandem.delivery.actions.sending import send_due

__all__ = [
    "Lease",
    "Reservation",
    "change_mail_settings",
    "confirm_submissions",
    "hand",
    "plan_message",
    "recover",
    "refuse_malformed",
    "release",
    "reserve",
    "send_due",
    "send_test",
    "settle",
    "withhold_erased",
    "written_by_nobody",
]
