"""Facts: what happened, told upward. Published with the change, delivered after commit.

A fact is a frozen dataclass in a room's ``facts.py``; it speaks of a change set and of ids, never
of one row in a loop. A reaction in a higher room's ``reactions.py`` subscribes to it. Delivery is
at least once and resumes after a crash; a failing subscriber holds up no other.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from django.db import connection, transaction
from django.utils import timezone
from pydantic import TypeAdapter

from tandem.kernel.actions import OpenChangeSet, before_commit, current_change_set
from tandem.kernel.actor import Actor, job_actor
from tandem.kernel.context import logging_as
from tandem.kernel.errors import DomainError
from tandem.kernel.jobs import enqueue_once, job
from tandem.kernel.models import Delivery, DeliveryState, PublishedFact
from tandem.kernel.permissions import require_known

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
BATCH = 100


@dataclass(frozen=True)
class Fact:
    """Base of all facts; subclasses add ids and plain values only."""

    __facts__: ClassVar[dict[str, type["Fact"]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Fact.__facts__[cls.fact_name()] = cls

    @classmethod
    def fact_name(cls) -> str:
        """``people.PersonCreated``"""
        return f"{cls.__module__.split('.')[1]}.{cls.__name__}"


AnyFact = TypeVar("AnyFact", bound=Fact)


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who reacts to which fact, and with which rights."""

    fact: type[Fact]
    subscriber: str
    react: Callable[[Actor, Any], None]
    permissions: frozenset[str]


_subscriptions: dict[str, Subscription] = {}


def reacts_to(
    fact: type[AnyFact], *, permissions: frozenset[str] = frozenset()
) -> Callable[[Callable[[Actor, AnyFact], None]], Callable[[Actor, AnyFact], None]]:
    """Subscribe a reaction to a fact; it runs as an Actor with just these permissions."""

    def subscribe(react: Callable[[Actor, AnyFact], None]) -> Callable[[Actor, AnyFact], None]:
        name = f"{react.__module__.split('.')[1]}.{react.__name__}"
        for permission in permissions:
            require_known(permission, by=name)
        _subscriptions[name] = Subscription(fact, name, react, permissions)
        return react

    return subscribe


def subscriptions() -> list[Subscription]:
    """The one table of who hears what, sorted by fact and subscriber."""
    return sorted(_subscriptions.values(), key=lambda s: (s.fact.fact_name(), s.subscriber))


def publish(fact: Fact) -> None:
    """Tell a fact; it is written when the running action ends and delivered after commit."""
    current_change_set().facts.append(fact)


def _write_outbox(change_set: OpenChangeSet) -> None:
    facts: list[Fact] = change_set.facts
    if not facts:
        return
    rows = PublishedFact.objects.bulk_create(
        PublishedFact(
            name=fact.fact_name(),
            payload=TypeAdapter(type(fact)).dump_python(fact, mode="json"),
            change_set_id=change_set.id,
        )
        for fact in facts
    )
    deliveries = [
        Delivery(fact=row, subscriber=subscription.subscriber)
        for row, fact in zip(rows, facts, strict=True)
        for subscription in _subscriptions.values()
        if isinstance(fact, subscription.fact)
    ]
    if deliveries:
        Delivery.objects.bulk_create(deliveries)
        enqueue_once("kernel.deliver_facts")


before_commit(_write_outbox)


@job("kernel.deliver_facts", permissions=frozenset({"kernel.deliver"}), every="* * * * *")
def deliver_facts(actor: Actor) -> None:
    """Deliver what is due. Also run each minute, so that nothing hangs on one lost wake-up."""
    actor.require("kernel.deliver")
    while _deliver_batch():
        pass


def _deliver_batch() -> int:
    leased = _lease()
    for delivery in leased:
        _deliver(delivery)
    return len(leased)


def _lease() -> list[Delivery]:
    # The attempt is counted and the next one set before the reaction runs: a reaction that
    # crashes the worker is tried again later and holds up nobody meanwhile.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE kernel_delivery SET
                attempts = attempts + 1,
                due_at = statement_timestamp()
                         + least(interval '10 s' * power(3, attempts), interval '6 h')
            WHERE id IN (
                SELECT id FROM kernel_delivery
                WHERE state = 'due' AND due_at <= statement_timestamp()
                ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED)
            RETURNING id
            """,
            [BATCH],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(Delivery.objects.filter(id__in=ids).select_related("fact").order_by("id"))


def _deliver(delivery: Delivery) -> None:
    subscription = _subscriptions.get(delivery.subscriber)
    if subscription is None:
        _give_up(delivery, "There is no such subscriber any more.")
        return
    payload = json.dumps(delivery.fact.payload)
    fact = TypeAdapter(Fact.__facts__[delivery.fact.name]).validate_json(payload)
    with logging_as(fact=str(delivery.fact_id), subscriber=delivery.subscriber):
        try:
            with transaction.atomic():
                subscription.react(job_actor(delivery.subscriber, subscription.permissions), fact)
                Delivery.objects.filter(id=delivery.id).update(state=DeliveryState.DONE, error="")
        except DomainError as error:
            log.warning("reaction refused: %s", error.code)
            if not error.retryable or delivery.attempts >= MAX_ATTEMPTS:
                _give_up(delivery, str(error))


def _give_up(delivery: Delivery, error: str) -> None:
    Delivery.objects.filter(id=delivery.id).update(state=DeliveryState.FAILED, error=error)


@job("kernel.forget_facts", permissions=frozenset({"kernel.deliver"}), every="17 3 * * *")
def forget_facts(actor: Actor) -> None:
    """Delete facts whose every delivery is done and that are older than 30 days."""
    actor.require("kernel.deliver")
    old = timezone.now() - timedelta(days=30)
    PublishedFact.objects.filter(at__lt=old).exclude(
        deliveries__state__in=[DeliveryState.DUE, DeliveryState.FAILED]
    ).delete()
