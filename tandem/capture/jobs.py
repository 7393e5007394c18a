"""Jobs of the collector."""

from tandem.capture.actions import forget_counts
from tandem.kernel.actor import Actor
from tandem.kernel.jobs import job


@job("capture.forget_counts", permissions=frozenset({"capture.maintain"}), every="47 2 * * *")
def forget_old_counts(actor: Actor) -> None:
    """Forget the counts of hours long gone, once a night."""
    forget_counts(actor)
