"""What this room does when it hears of something."""

from tandem.capture.facts import FormSubmitted
from tandem.delivery.actions import confirm_submissions
from tandem.kernel.actor import Actor
from tandem.kernel.facts import reacts_to


@reacts_to(FormSubmitted, permissions=frozenset({"delivery.plan", "capture.view"}))
def confirm_forms(actor: Actor, fact: FormSubmitted) -> None:
    """Write to those who sent a form: that it arrived, and how to confirm what they ticked."""
    confirm_submissions(actor, fact.submission_ids)
