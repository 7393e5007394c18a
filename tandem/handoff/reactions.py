"""Forms that came in may make leads."""

from tandem.capture.facts import FormSubmitted
from tandem.handoff.actions import make_leads
from tandem.kernel.actor import Actor
from tandem.kernel.facts import reacts_to


@reacts_to(FormSubmitted, permissions=frozenset({"handoff.automate", "people.stage"}))
def make_leads_of_forms(actor: Actor, fact: FormSubmitted) -> None:
    """Score the people who sent them; offer those whom sales should see."""
    make_leads(actor, fact.submission_ids)
