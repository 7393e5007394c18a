from datetime import timedelta

import pytest
from django.utils import timezone

from tandem.kernel.actor import Actor
from tandem.kernel.errors import Invalid, Missing
from tandem.kernel.models import ProgressRecord
from tandem.kernel.progress import Cancelled, describe, progress_of, request_cancel, tracking

pytestmark = pytest.mark.django_db


def test_a_job_shows_what_it_has_done_and_what_is_left(admin: Actor) -> None:
    with tracking(admin, kind="t", label="Import", unit="rows", total=200) as progress:
        progress.advance(50)
        record = progress_of(admin, progress.public_id)
        now = record.started_at + timedelta(seconds=10)
        seen = describe(record, now=now)
    assert (seen["state"], seen["done"], seen["share"]) == ("running", 50, 0.25)
    assert (seen["rate_per_second"], seen["seconds_left"]) == (5.0, 30.0)
    ended = describe(progress_of(admin, progress.public_id), now=timezone.now())
    assert (ended["state"], ended["done"], ended["can_cancel"]) == ("done", 50, False)


def test_a_job_stops_when_asked(admin: Actor) -> None:
    done = []

    def work() -> None:
        with tracking(admin, kind="t", label="Import", unit="rows", total=10) as progress:
            for step in range(10):
                request_cancel(admin, progress.public_id)
                progress.advance(1, message="on it")
                done.append(step)

    with pytest.raises(Cancelled):
        work()
    assert done == []
    assert ProgressRecord.objects.get().state == "cancelled"


def test_a_refusal_is_shown_with_its_reason(admin: Actor) -> None:
    with (
        pytest.raises(Invalid),
        tracking(admin, kind="t", label="Import", unit="rows") as progress,
    ):
        raise Invalid("The file is empty.")
    record = progress_of(admin, progress.public_id)
    assert (record.state, record.message) == ("failed", "The file is empty.")


def test_a_silent_job_is_called_interrupted(admin: Actor) -> None:
    record = ProgressRecord.objects.create(kind="t", label="x", unit="rows", actor_id=admin.user_id)
    record.refresh_from_db()
    assert describe(record, now=record.updated_at)["state"] == "running"
    later = record.updated_at + timedelta(seconds=61)
    assert describe(record, now=later)["state"] == "interrupted"


def test_the_job_of_another_is_not_there(admin: Actor, viewer: Actor) -> None:
    with tracking(admin, kind="t", label="x", unit="rows") as progress:
        pass
    with pytest.raises(Missing):
        progress_of(viewer, progress.public_id)
