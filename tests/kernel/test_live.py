"""What an action changed is told to live pages when it commits, and only then."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection, transaction

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.live import CHANNEL, TOPICS_PER_NOTICE, changed


@pytest.fixture
def heard(transactional_db: None) -> Iterator[psycopg.Connection]:
    with psycopg.connect(
        **{
            name: value
            for name, value in connection.get_connection_params().items()
            if name in {"dbname", "user", "password", "host", "port"}
        },
        autocommit=True,
    ) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        yield listener


def notices(listener: psycopg.Connection) -> list[str]:
    return [notice.payload for notice in listener.notifies(timeout=0.3)]


@action(permission="kernel.operate")
def touch(actor: Actor, *topics: str) -> None:
    changed(*topics)
    changed(*topics)


def test_topics_are_told_once_when_the_action_commits(heard, system: Actor) -> None:
    touch(system, "handoff", "deal")
    assert notices(heard) == ["deal,handoff"]


def test_what_is_rolled_back_is_not_told(heard, system: Actor) -> None:
    with transaction.atomic():
        touch(system, "handoff")
        transaction.set_rollback(True)
    assert notices(heard) == []


def test_many_topics_are_told_in_several_notices(heard, system: Actor) -> None:
    topics = [f"person:{number:04}" for number in range(TOPICS_PER_NOTICE + 1)]
    touch(system, *topics)
    assert notices(heard) == [",".join(topics[:-1]), topics[-1]]
