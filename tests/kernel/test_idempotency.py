import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.idempotency import Answer, KeyReused, once
from tandem.kernel.models import IdempotencyKey

pytestmark = pytest.mark.django_db


def test_a_repetition_gets_the_first_answer_and_runs_nothing(admin: Actor) -> None:
    runs: list[int] = []

    def run() -> Answer:
        runs.append(1)
        return Answer(status=201, body=f"made {len(runs)}")

    first = once(admin, key="k", request="r", run=run)
    second = once(admin, key="k", request="r", run=run)
    assert (first.status, first.body, first.is_replay) == (201, "made 1", False)
    assert (second.status, second.body, second.is_replay) == (201, "made 1", True)
    assert len(runs) == 1


def test_the_same_key_for_another_request_is_refused(admin: Actor) -> None:
    once(admin, key="k", request="r", run=lambda: Answer(200, "one"))
    with pytest.raises(KeyReused):
        once(admin, key="k", request="other", run=lambda: Answer(200, "two"))
    assert IdempotencyKey.objects.get().body == "one"


def test_a_refused_request_may_be_tried_again(admin: Actor) -> None:
    assert once(admin, key="k", request="r", run=lambda: Answer(422, "no")).status == 422
    assert IdempotencyKey.objects.count() == 0
    assert once(admin, key="k", request="other", run=lambda: Answer(200, "yes")).body == "yes"


def test_keys_of_two_users_do_not_meet(admin: Actor, viewer: Actor) -> None:
    once(admin, key="k", request="r", run=lambda: Answer(200, "admin"))
    assert once(viewer, key="k", request="r", run=lambda: Answer(200, "viewer")).body == "viewer"
