"""What people do when something happens below."""

from tandem.kernel.actor import Actor
from tandem.kernel.facts import reacts_to
from tandem.kernel.undo import ChangeSetUndone
from tandem.people.actions import refresh_keys


@reacts_to(ChangeSetUndone, permissions=frozenset({"people.refresh_keys"}))
def refresh_keys_after_undo(actor: Actor, fact: ChangeSetUndone) -> None:
    """Names, addresses and domains have gone back; what is derived from them follows."""
    refresh_keys(actor, [fact.change_set_id])
