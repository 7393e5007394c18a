"""Jobs of the timeline."""

from tandem.kernel.actor import Actor
from tandem.kernel.jobs import job
from tandem.timeline.actions import ensure_partitions


@job(
    "timeline.ensure_partitions",
    permissions=frozenset({"timeline.maintain"}),
    every="23 2 * * *",
)
def make_partitions(actor: Actor) -> None:
    """Make the parts of the months to come, once a day."""
    ensure_partitions(actor)
