"""What records tell: comments, and values of fields that the company added."""

from dataclasses import dataclass

from tandem.kernel.facts import Fact


@dataclass(frozen=True)
class CommentAdded(Fact):
    """Someone wrote a comment on a record."""

    change_set_id: int
    comment_id: int
    kind: str
    record_id: int


@dataclass(frozen=True)
class CustomFieldsChanged(Fact):
    """Fields that the company added got other values on records; ``keys`` says which."""

    change_set_id: int
    kind: str
    record_ids: tuple[int, ...]
    keys: tuple[str, ...]
