"""What records tell: comments, values of fields that the company added, merges."""

from dataclasses import dataclass

from tandem.kernel.facts import Fact


@dataclass(frozen=True)
class CommentAdded(Fact):
    """Someone wrote a comment on a record, which mentions these users."""

    change_set_id: int
    comment_id: int
    kind: str
    record_id: int
    mentioned: tuple[int, ...] = ()


@dataclass(frozen=True)
class OwnersGiven(Fact):
    """Records of a kind above persons and companies were made or changed with another owner."""

    change_set_id: int
    kind: str
    record_ids: tuple[int, ...]


@dataclass(frozen=True)
class CustomFieldsChanged(Fact):
    """Fields that the company added got other values on records; ``keys`` says which."""

    change_set_id: int
    kind: str
    record_ids: tuple[int, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True)
class RecordsMerged(Fact):
    """Two records of a kind became one: what pointed to the absorbed points to the survivor."""

    change_set_id: int
    kind: str
    survivor_id: int
    absorbed_id: int


@dataclass(frozen=True)
class RecordsUnmerged(Fact):
    """A merge was taken back: there are two records again."""

    change_set_id: int
    kind: str
    survivor_id: int
    absorbed_id: int


@dataclass(frozen=True)
class RecordErased(Fact):
    """A record and those merged into it were erased for good: their rows are nowhere any more."""

    change_set_id: int
    kind: str
    record_ids: tuple[int, ...]
