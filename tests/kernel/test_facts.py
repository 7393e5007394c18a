from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import time_machine
from django.utils import timezone

from tandem.kernel import facts
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Invalid, Unavailable
from tandem.kernel.facts import Fact, deliver_facts, publish, reacts_to
from tandem.kernel.models import Delivery, PublishedFact
from tandem.records.models import Tag

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class TagsMade(Fact):
    change_set_id: int
    names: tuple[str, ...]


@action(permission="records.tag")
def make_tags(actor: Actor, *names: str) -> None:
    Tag.objects.bulk_create(Tag(name=name, normalized=name) for name in names)
    publish(TagsMade(change_set_id=current_change_set().id, names=names))


heard: list[tuple[str, ...]] = []
refusals: list[Exception] = []


@pytest.fixture(autouse=True)
def subscriber() -> Iterator[None]:
    heard.clear()
    refusals.clear()

    @reacts_to(TagsMade, permissions=frozenset({"records.tag"}))
    def hear(actor: Actor, fact: TagsMade) -> None:
        if refusals:
            raise refusals.pop()
        actor.require("records.tag")
        heard.append(fact.names)

    yield
    del facts._subscriptions["kernel.hear"]


def states() -> list[tuple[str, int]]:
    return list(Delivery.objects.values_list("state", "attempts"))


def test_a_fact_reaches_its_subscriber_once(admin: Actor) -> None:
    make_tags(admin, "a", "b")
    assert heard == []
    deliver_facts()
    deliver_facts()
    assert heard == [("a", "b")]
    assert states() == [("done", 1)]


def test_no_fact_of_an_action_that_failed(admin: Actor) -> None:
    make_tags(admin, "a")
    with pytest.raises(Exception, match="duplicate key"):
        make_tags(admin, "a")
    assert PublishedFact.objects.count() == 1


def test_a_crash_in_the_middle_is_made_good(admin: Actor) -> None:
    make_tags(admin, "a")
    refusals.append(KeyboardInterrupt())  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        deliver_facts()
    assert states() == [("due", 1)]
    deliver_facts()
    assert heard == []  # not due before its time
    with time_machine.travel(timezone.now(), tick=False):
        Delivery.objects.update(due_at=timezone.now())
        deliver_facts()
    assert heard == [("a",)]
    assert states() == [("done", 2)]


def test_a_refusal_for_good_is_kept_with_its_reason_and_holds_up_nobody(admin: Actor) -> None:
    make_tags(admin, "a")
    make_tags(admin, "b")
    refusals.append(Invalid("No."))
    deliver_facts()
    assert heard == [("b",)]
    assert list(Delivery.objects.order_by("id").values_list("state", "error")) == [
        ("failed", "No."),
        ("done", ""),
    ]


def test_a_refusal_for_now_is_tried_again(admin: Actor) -> None:
    make_tags(admin, "a")
    refusals.append(Unavailable())
    deliver_facts()
    assert states() == [("due", 1)]
