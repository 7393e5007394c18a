"""A form from the public through Django: person, consent, story, fact; CPU of one post."""

import re
import statistics
import time

from django.core.cache import caches
from django.db import connection
from django.test import Client

from bench import _scene as scene
from tandem.capture.actions import create_form
from tandem.capture.models import Submission
from tandem.capture.schemas import NewForm

SIZE = 200


def run(size: int) -> dict[str, float]:
    """Open and send ``size`` forms, each from a new person, one after the other."""
    with scene.scratch_database() as user:
        create_form(
            scene.actor_of(user),
            data=NewForm.model_validate(
                {
                    "name": "Trade prices",
                    "slug": "prices",
                    "status": "published",
                    "raises_hand": True,
                    "consent_wording": "Send me news.",
                    "fields": "name | Name * | text\nemail | Mail * | email\n"
                    "company | Company | text\nmessage | Message | long",
                }
            ),
        )
        client = Client()
        for number in range(-5, 0):
            _post(client, _token(client), number)
        tokens = [_token(client) for _number in range(size)]
        walls: list[float] = []
        cpu, began = time.process_time(), time.perf_counter()
        for number, token in enumerate(tokens):
            start = time.perf_counter()
            _post(client, token, number)
            walls.append(time.perf_counter() - start)
        seconds, cpu = time.perf_counter() - began, (time.process_time() - cpu) / size
        shown = _timed_shows(client, size)
        queries = _queries(client)
        assert Submission.objects.filter(state="accepted").count() == size + 6
    return {
        "lead_by_form_per_s": round(size / seconds, 1),
        "lead_by_form_cpu_ms": round(cpu * 1000, 2),
        "lead_by_form_median_ms": round(statistics.median(walls) * 1000, 2),
        "lead_by_form_p95_ms": round(statistics.quantiles(walls, n=20)[18] * 1000, 2),
        "lead_by_form_queries": queries,
        "form_page_cpu_ms": shown,
    }


def _token(client: Client) -> str:
    found = re.search(r'name="_token" value="([^"]+)"', client.get("/f/prices").text)
    assert found is not None
    return found[1]


def _post(client: Client, token: str, number: int) -> None:
    caches["process"].clear()  # one machine sends as many as a thousand do
    answer = client.post(
        "/f/prices",
        {
            "name": f"Visitor {number}",
            "email": f"visitor{number}@customers.example",
            "company": f"Company {number % 50}",
            "message": "Two hundred tins for December?",
            "_consent": "on",
            "_token": token,
        },
    )
    assert answer.status_code == 303, answer.status_code


def _timed_shows(client: Client, size: int) -> float:
    cpu = time.process_time()
    for _number in range(size):
        client.get("/f/prices")
    return round((time.process_time() - cpu) / size * 1000, 2)


def _queries(client: Client) -> int:
    token, seen = _token(client), []

    def note(execute, sql, *rest):  # type: ignore[no-untyped-def]
        seen.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        _post(client, token, 10**6)
    return len(seen)
