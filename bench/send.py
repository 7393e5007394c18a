"""Sending: messages through the ledger over real SMTP on loopback, each decided and committed."""

import time
from collections.abc import Mapping

from django.conf import settings
from django.db import connection

from bench._scene import actor_of, scratch_database
from tandem.delivery.actions import plan_message, send_due
from tandem.delivery.jobs import RIGHTS
from tandem.delivery.models import Message
from tandem.kernel.actor import Actor, job_actor
from tests.delivery.server import Post, listening

SIZE = 1000


def run(size: int = SIZE) -> Mapping[str, float]:
    """Plan `size` transactional messages and send them in one process over one connection a chunk.

    The server shares the process (its thread is counted in the CPU time), PostgreSQL the machine.
    """
    with scratch_database() as user:
        server = Post(keeps=False)
        with listening(server) as port:
            settings.SMTP_URL = f"smtp://127.0.0.1:{port}"
            planned = _plan(actor_of(user), size)
            sent = _send(size)
            assert server.taken == size
        return {"messages": size, **planned, **sent}


def _plan(actor: Actor, size: int) -> Mapping[str, float]:
    began, cpu = time.perf_counter(), time.process_time()
    for number in range(size):
        plan_message(
            actor,
            message_class="transactional",
            purpose="service",
            to=f"person{number}@customers.example",
            subject=f"Your message {number}",
            text="Dear customer,\n\nyour message has arrived.\n" * 10,
            html="<p>Dear customer,</p><p>your message has arrived.</p>" * 10,
            send_key=f"bench:{number}",
        )
    return {
        "planned_per_second": size / (time.perf_counter() - began),
        "planned_cpu_ms": (time.process_time() - cpu) * 1000 / size,
    }


def _send(size: int) -> Mapping[str, float]:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE delivery_message")
    began, cpu = time.perf_counter(), time.process_time()
    done = send_due(job_actor("bench", RIGHTS))
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    assert done.handed == Message.objects.filter(state="accepted").count() == size
    return {"sent_per_second": size / seconds, "sent_cpu_ms": used * 1000 / size}
