"""Keeping the counts of what came in."""

from datetime import datetime, timedelta

from django.utils import timezone

from tandem.capture.models import Intake
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor

KEPT = timedelta(days=35)


@action(permission="capture.maintain")
def forget_counts(actor: Actor, *, now: datetime | None = None) -> int:
    """Forget counts of hours more than five weeks ago; how many rows went."""
    gone, _by_model = Intake.objects.filter(hour__lt=(now or timezone.now()) - KEPT).delete()
    return gone
