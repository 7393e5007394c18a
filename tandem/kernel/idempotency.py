"""Idempotency keys: a write that is sent twice is done once and answered the same way twice."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tandem.kernel.actor import Actor
from tandem.kernel.errors import Conflict
from tandem.kernel.jobs import job
from tandem.kernel.models import IdempotencyKey

KEPT_FOR = timedelta(days=7)


class KeyReused(Conflict):
    """The key was used for another request."""

    code = "idempotency_key_reused"
    message = _("This Idempotency-Key was used for a different request.")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: an HTTP status, the body as text, the change set where there is one."""

    status: int
    body: str
    change_set: UUID | None = None
    is_replay: bool = False


def fingerprint(*parts: bytes) -> str:
    """A digest of what makes two requests the same: method, path, body."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def once(actor: Actor, *, key: str, request: str, run: Callable[[], Answer]) -> Answer:
    """Run a request once for this actor and key; a repetition gets the first answer.

    The key and the change commit together. A second request with the same key waits for the
    first; ``request`` is its fingerprint, and another one under the same key raises KeyReused.
    An answer of 400 and above is not kept: nothing was changed, so it may be tried again.
    """
    if actor.user_id is None:
        return run()
    with transaction.atomic():
        kept = _claim(actor.user_id, key, request)
        if kept.fingerprint != request:
            raise KeyReused()
        if kept.status is not None:
            return Answer(kept.status, kept.body, kept.change_set, is_replay=True)
        answer = run()
        if answer.status >= 400:
            transaction.set_rollback(True)
            return answer
        IdempotencyKey.objects.filter(pk=kept.pk).update(
            status=answer.status, body=answer.body, change_set=answer.change_set
        )
        return answer


def _claim(user_id: int, key: str, request: str) -> IdempotencyKey:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_idempotencykey (actor_id, key, fingerprint)"
            " VALUES (%s, %s, %s) ON CONFLICT (actor_id, key) DO NOTHING",
            [user_id, key, request],
        )
    return IdempotencyKey.objects.select_for_update().get(actor_id=user_id, key=key)


@job("kernel.forget_idempotency_keys", every="41 3 * * *")
def forget_idempotency_keys(actor: Actor) -> None:
    """Delete keys that are older than a week."""
    IdempotencyKey.objects.filter(at__lt=timezone.now() - KEPT_FOR).delete()
