"""Actions: the only place where records are written.

An action checks its permission, runs in one transaction, opens a change set (so that history,
undo and audit know who did it) and sends its facts into the outbox of the same transaction.
An action that calls another joins it: one user's deed is one change set.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.db import connection, transaction

from tandem.kernel import permissions
from tandem.kernel.actor import Actor
from tandem.kernel.context import logging_as
from tandem.kernel.ids import new_public_id

Inputs = ParamSpec("Inputs")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class OpenChangeSet:
    """The change set of the action that is running."""

    id: int
    public_id: UUID
    actor: Actor
    facts: list[Any] = field(default_factory=list)
    topics: set[str] = field(default_factory=set)


_open: ContextVar[OpenChangeSet | None] = ContextVar("tandem_change_set", default=None)
_completed: ContextVar[UUID | None] = ContextVar("tandem_completed", default=None)
_permissions: dict[str, str] = {}
_of_many: set[str] = set()
_final: set[str] = set()
_before_commit: list[Callable[[OpenChangeSet], None]] = []


def action(
    *,
    permission: str,
    is_of_many: bool = False,
    is_apart: bool = False,
    is_final: bool = False,
    undone_with: str = "",
) -> Callable[
    [Callable[Concatenate[Actor, Inputs], Outcome]],
    Callable[Concatenate[Actor, Inputs], Outcome],
]:
    """Make a function an action; its first argument is the actor.

    The undo of one that ``is_of_many`` records leaves alone what was changed again since: one later
    edit among thousands shall not hold up the rest. One that ``is_apart`` has a change set of its
    own even inside another action: what it sets up stays when the deed that needed it is undone.
    One that ``is_final`` cannot be undone. ``undone_with`` is the permission that its undo asks for
    where that is another: of a deed that only a rule does. Raises Unauthenticated or Refused before
    anything is read, and rolls everything back when the function raises.
    """

    def decorate(
        function: Callable[Concatenate[Actor, Inputs], Outcome],
    ) -> Callable[Concatenate[Actor, Inputs], Outcome]:
        name = f"{function.__module__.split('.')[1]}.{function.__name__}"
        permissions.require_known(permission, by=name)
        permissions.require_known(undone_with or permission, by=name)
        _permissions[name] = undone_with or permission
        if is_of_many:
            _of_many.add(name)
        if is_final:
            _final.add(name)

        @wraps(function)
        def run(actor: Actor, /, *args: Inputs.args, **kwargs: Inputs.kwargs) -> Outcome:
            actor.require(permission)
            with _change_set(actor, name, is_apart=is_apart):
                return function(actor, *args, **kwargs)

        run.permission = permission  # type: ignore[attr-defined]
        return run

    return decorate


def permission_of(name: str) -> str | None:
    """What the undo of this action asks for; None when there is no such action any more."""
    return _permissions.get(name)


def is_of_many(name: str) -> bool:
    """Whether the action of this name is one of many records at once."""
    return name in _of_many


def final_actions() -> frozenset[str]:
    """The names of the actions that nothing takes back."""
    return frozenset(_final)


def current_change_set() -> OpenChangeSet:
    """The change set of the running action; a programming error outside of one."""
    opened = _open.get()
    if opened is None:
        raise RuntimeError("There is no open change set: records are written in actions.")
    return opened


def last_change_set() -> UUID | None:
    """The public id of the last change set that this request or task completed: for its undo."""
    return _completed.get()


def give_reason(reason: str) -> None:
    """Say why the running action is done; shown in history."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_changeset SET reason = left(%s, 400) WHERE id = %s",
            [reason, current_change_set().id],
        )


def mark_as_undo(undone_id: int) -> None:
    """Say that the running action takes back another change set."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_changeset SET undo_of_id = %s WHERE id = %s",
            [undone_id, current_change_set().id],
        )


def before_commit(hook: Callable[[OpenChangeSet], None]) -> None:
    """Run ``hook`` with every change set just before its transaction commits."""
    _before_commit.append(hook)


@contextmanager
def _change_set(actor: Actor, name: str, *, is_apart: bool) -> Iterator[OpenChangeSet]:
    outer = _open.get()
    if outer is not None and not is_apart:
        yield outer
        return
    is_nested = connection.in_atomic_block
    with transaction.atomic():
        opened = _insert_change_set(actor, name)
        token = _open.set(opened)
        try:
            with logging_as(change_set=str(opened.public_id)):
                yield opened
                for hook in _before_commit:
                    hook(opened)
        finally:
            _open.reset(token)
        if is_nested:
            _name_in_database(outer)
    _completed.set(opened.public_id)


def _insert_change_set(actor: Actor, name: str) -> OpenChangeSet:
    # One round trip: the row, and its id where triggers and column defaults find it.
    public_id = new_public_id()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH opened AS (
                INSERT INTO kernel_changeset
                    (public_id, actor_kind, actor_id, actor_label, source, action, reason)
                VALUES (%s, %s, %s, left(%s, 200), %s, %s, '')
                RETURNING id
            )
            SELECT id, set_config('tandem.change_set', id::text, true) FROM opened
            """,
            [public_id, actor.kind, actor.user_id, actor.label, actor.source, name],
        )
        (change_set_id, _setting) = cursor.fetchone()
    return OpenChangeSet(id=change_set_id, public_id=public_id, actor=actor)


def _name_in_database(opened: OpenChangeSet | None) -> None:
    # The setting ends with its transaction; inside an outer one it would outlive the action.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('tandem.change_set', %s, true)", [str(opened.id) if opened else ""]
        )
