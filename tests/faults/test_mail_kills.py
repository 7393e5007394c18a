"""kill -9 of a sender while the mail server has the mail and has not yet answered."""

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from tandem.consent.rules import State
from tandem.delivery.actions import recover
from tandem.delivery.models import Message
from tandem.project.home import quoted
from tests.delivery.conftest import ann as ann
from tests.delivery.conftest import now_of
from tests.delivery.conftest import plan as plan
from tests.delivery.conftest import post as post
from tests.delivery.conftest import say as say
from tests.delivery.conftest import send as send
from tests.delivery.conftest import sender as sender

SENDER = """
import django
django.setup()
from tandem.delivery.jobs import send_due
send_due()
"""
REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]


def sender_process(url: str, home: Path) -> subprocess.Popen[bytes]:
    """A worker of its own that sends what is due, on the database of the test."""
    at = connection.settings_dict
    address = f"{at['USER']}:{at['PASSWORD']}@{quoted(Path(at['HOST']))}"
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tandem.project.settings",
        "DATABASE_URL": f"postgresql://{address}/{at['NAME']}",
        "TANDEM_HOME": str(home),
        "TANDEM_SECRET_KEY": "faults",
        "TANDEM_SMTP_URL": url,
        "PYTHONPATH": str(REPOSITORY),
    }
    return subprocess.Popen([sys.executable, "-c", SENDER], env=environ)


@pytest.mark.parametrize("kind", ["marketing", "transactional"])
def test_a_sender_that_dies_on_the_wire(
    kind, post, plan, send, sender, ann, say, settings, tmp_path
):
    settings.SECRET_KEY = "faults"  # the address is locked under the same key by both
    say(ann, State.GRANTED)
    messages = [plan(kind, person=ann) for _ in range(3)]
    post.slow_seconds = 1.5
    process = sender_process(settings.SMTP_URL, tmp_path)
    handed = Message.objects.filter(state="handed")
    until = time.monotonic() + 30
    while not handed.exists() or not post.in_hand:
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    post.wait_for(1)  # the server had it all: it did arrive
    post.slow_seconds = 0.0
    (lost,) = handed
    assert Message.objects.filter(state="reserved").count() == 2
    assert recover(sender) == 0  # the lease of the dead still runs
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=3), tick=False):
        assert recover(sender) == 3
        send()
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=6), tick=False):
        send()
    arrived = [str(mail["Message-ID"]) for mail in post.mails]
    again = 1 if kind == "marketing" else 2
    assert arrived.count(lost.message_id) == again
    assert sorted(set(arrived)) == sorted(message.message_id for message in messages)
    assert len(arrived) == 2 + again
    expected = ("unknown", "connection_lost") if kind == "marketing" else ("accepted", "")
    assert now_of(lost) == expected
    assert Message.objects.filter(state="accepted").count() == 3 - (kind == "marketing")
