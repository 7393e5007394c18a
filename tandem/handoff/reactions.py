"""Forms that came in may make leads; what happens at the seam is told to whom it concerns."""

from tandem.capture.facts import FormSubmitted
from tandem.handoff.actions import make_leads
from tandem.handoff.actions.notices import (
    ACCEPTED,
    REJECTED,
    tell_of_answers,
    tell_of_offers,
    tell_of_replies,
)
from tandem.handoff.facts import HandoffAccepted, HandoffOffered, HandoffRejected, HandoffReplied
from tandem.kernel.actor import Actor
from tandem.kernel.facts import reacts_to

_MAY_TELL = frozenset({"notifications.tell"})


@reacts_to(FormSubmitted, permissions=frozenset({"handoff.automate", "people.stage"}))
def make_leads_of_forms(actor: Actor, fact: FormSubmitted) -> None:
    """Score the people who sent them; offer those whom sales should see."""
    make_leads(actor, fact.submission_ids)


@reacts_to(HandoffOffered, permissions=_MAY_TELL)
def notify_of_offers(actor: Actor, fact: HandoffOffered) -> None:
    """The sellers to whom leads are offered hear of it."""
    tell_of_offers(actor, fact.handoff_ids, change_set_id=fact.change_set_id)


@reacts_to(HandoffAccepted, permissions=_MAY_TELL)
def notify_of_acceptances(actor: Actor, fact: HandoffAccepted) -> None:
    """Those who offered hear that a seller took it on."""
    tell_of_answers(actor, fact.handoff_ids, answer=ACCEPTED, change_set_id=fact.change_set_id)


@reacts_to(HandoffRejected, permissions=_MAY_TELL)
def notify_of_rejections(actor: Actor, fact: HandoffRejected) -> None:
    """Those who offered hear that a seller gave it back."""
    tell_of_answers(actor, fact.handoff_ids, answer=REJECTED, change_set_id=fact.change_set_id)


@reacts_to(HandoffReplied, permissions=_MAY_TELL)
def notify_of_replies(actor: Actor, fact: HandoffReplied) -> None:
    """Sellers who gave a hand-off back hear what marketing says to it."""
    tell_of_replies(actor, fact.handoff_ids, change_set_id=fact.change_set_id)
