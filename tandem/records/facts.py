"""What records tell: comments and tags, for who follows a record."""

from dataclasses import dataclass

from tandem.kernel.facts import Fact


@dataclass(frozen=True)
class CommentAdded(Fact):
    """Someone wrote a comment on a record."""

    change_set_id: int
    comment_id: int
    kind: str
    record_id: int
