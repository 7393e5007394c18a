"""What may be done with segments, and how they are kept up to date."""

from tandem.segments.actions.drafts import (
    add_node,
    count_again,
    discard_draft,
    join_nodes,
    move_node,
    publish_draft,
    put_node,
    remove_node,
    start_draft,
    write_draft,
)
from tandem.segments.actions.erasing import forget_persons
from tandem.segments.actions.following import follow, sweep
from tandem.segments.actions.segments import (
    change_segment,
    create_segment,
    delete_segment,
    follow_undo,
    take_snapshot,
)

__all__ = [
    "add_node",
    "change_segment",
    "count_again",
    "create_segment",
    "delete_segment",
    "discard_draft",
    "follow",
    "follow_undo",
    "forget_persons",
    "join_nodes",
    "move_node",
    "publish_draft",
    "put_node",
    "remove_node",
    "start_draft",
    "sweep",
    "take_snapshot",
    "write_draft",
]
