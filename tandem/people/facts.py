"""What people tell: who is new, what changed, who is gone; by change set and ids."""

from dataclasses import dataclass

from tandem.kernel.facts import Fact


@dataclass(frozen=True)
class PeopleCreated(Fact):
    """Persons were added."""

    change_set_id: int
    person_ids: tuple[int, ...]


@dataclass(frozen=True)
class PeopleChanged(Fact):
    """Fields of persons were changed."""

    change_set_id: int
    person_ids: tuple[int, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True)
class PeopleDeleted(Fact):
    """Persons were deleted; an undo brings them back."""

    change_set_id: int
    person_ids: tuple[int, ...]


@dataclass(frozen=True)
class CompaniesCreated(Fact):
    """Companies were added."""

    change_set_id: int
    company_ids: tuple[int, ...]


@dataclass(frozen=True)
class CompaniesChanged(Fact):
    """Fields of companies were changed."""

    change_set_id: int
    company_ids: tuple[int, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True)
class CompaniesDeleted(Fact):
    """Companies were deleted; an undo brings them back."""

    change_set_id: int
    company_ids: tuple[int, ...]


@dataclass(frozen=True)
class StageReached(Fact):
    """Persons or companies went to another stage of the lifecycle."""

    change_set_id: int
    kind: str
    subject_ids: tuple[int, ...]
    motion: str
    stage: str
