"""The collector against the real database: stored once, answered after the commit, never whole for
one bad event."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from tandem.capture import edge
from tandem.capture.edge import Collector, Store, Tracker, UnstorableError, read_event
from tandem.kernel.ids import new_public_id
from tandem.lake.models import Agent, Event
from tandem.lake.rules.agents import MAX_AGENT, ONE_OF_MANY, VERSION, Kind, number_of

pytestmark = pytest.mark.django_db(transaction=True)

Answer = tuple[int, Any, dict[str, str]]


def database_url() -> str:
    """The database of this test, which Django has renamed."""
    settings = connection.settings_dict
    return psycopg.conninfo.make_conninfo(
        host=settings["HOST"],
        port=settings["PORT"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        dbname=settings["NAME"],
    )


async def ask(
    door: Any,
    body: bytes | None,
    *,
    method: str = "POST",
    blocks: int = 1,
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> Answer:
    """One request to a door of the edge."""
    data = body or b""
    size = max(1, -(-len(data) // blocks))
    parts = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
    messages = [
        {"type": "http.request", "body": part, "more_body": number + 1 < len(parts)}
        for number, part in enumerate(parts)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "headers": headers, "client": ("127.0.0.1", 1)}
    await door(scope, receive, send)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    text = sent[1]["body"]
    is_json = answered.get("content-type") == "application/json"
    return sent[0]["status"], json.loads(text) if is_json else text, answered


def run(scenario: Callable[[Collector], Any], *, address: str = "127.0.0.1") -> Any:
    async def main() -> Any:
        collector = Collector(database_url=database_url(), address_of=lambda scope: address)
        try:
            async with asyncio.timeout(30):
                return await scenario(collector)
        finally:
            await collector.close()

    return asyncio.run(main())


def post(*events: Any, blocks: int = 1, address: str = "127.0.0.1") -> Answer:
    body = json.dumps({"events": events}).encode()
    answer: Answer = run(lambda door: ask(door, body, blocks=blocks), address=address)
    return answer


def event(**fields: Any) -> dict[str, Any]:
    return {"id": str(new_public_id()), "name": "page", **fields}


def test_an_event_is_stored_with_what_its_address_says():
    at = datetime.now(UTC) - timedelta(hours=1)
    sent = event(
        at=at.isoformat(),
        visitor="v-1",
        url="https://shop.example/tins?utm_campaign=winter&utm_medium=cpc&q=blue&mail=a@b.example",
        referrer="https://www.google.com/search?q=secret",
        title="Tins",
        props={"price": 12.5, "tags": ["a"]},
    )
    status, answer, headers = post(sent, blocks=3)
    assert (status, answer) == (202, {"accepted": 1, "dropped": []})
    assert headers["access-control-allow-origin"] == "*"
    row = Event.objects.get()
    assert (str(row.id), row.at, row.client_at, row.visitor) == (sent["id"], at, None, "v-1")
    assert row.url == "https://shop.example/tins?utm_campaign=winter&utm_medium=cpc&q=blue"
    assert (row.referrer, row.channel, row.campaign) == (
        "https://www.google.com/search",
        "paid",
        "winter",
    )
    assert (row.title, row.props) == ("Tins", {"price": 12.5, "tags": ["a"]})


def test_a_replayed_event_counts_as_accepted_and_is_stored_once():
    one = event()
    assert post(one, one)[1] == {"accepted": 2, "dropped": []}
    assert post({**one, "name": "other"})[:2] == (202, {"accepted": 1, "dropped": []})
    assert Event.objects.values_list("name").get() == ("page",)


def test_an_id_that_is_no_uuid_is_an_id_all_the_same():
    assert post(event(id="order-1"), event(id="order-2"))[1]["accepted"] == 2
    assert post(event(id="order-1"))[1]["accepted"] == 1
    assert Event.objects.count() == 2


BAD: list[tuple[Any, str]] = [
    (7, "invalid_event"),
    (event(id=""), "invalid_id"),
    (event(id=7), "invalid_id"),
    ({"name": "page"}, "invalid_id"),
    (event(name=""), "invalid_name"),
    (event(name="x" * 65), "invalid_name"),
    (event(name="two\nlines"), "invalid_name"),
    (event(at="yesterday"), "invalid_at"),
    (event(at=1_700_000_000), "invalid_at"),
    (event(at="0001-01-01T00:00:00+23:00"), "invalid_at"),
    (event(at="2020-01-01T00:00:00Z"), "too_old"),
    (event(visitor="v" * 65), "invalid_visitor"),
    (event(visitor=["v"]), "invalid_visitor"),
    (event(url=1), "invalid_url"),
    (event(props=[1]), "invalid_props"),
    (event(props={"x": float("nan")}), "invalid_props"),
    (event(props={"x": "y" * 17_000}), "too_large"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_one_bad_event_fails_alone(bad, reason):
    status, answer, _headers = post(event(), bad, event())
    given = bad.get("id") if isinstance(bad, dict) and isinstance(bad.get("id"), str) else None
    assert (status, answer["accepted"]) == (202, 2)
    assert answer["dropped"] == [{"id": given, "reason": reason}]
    assert Event.objects.count() == 2


def test_what_postgres_cannot_keep_is_taken_out():
    odd = event(title="a\x00b\ud800c", url="https://x.example/\x00", props={"k\x00": ["\udfff!"]})
    assert post(odd, event(title="grüße \u2028"))[1]["accepted"] == 2
    row = Event.objects.get(title="abc")
    assert (row.url, row.props) == ("https://x.example/", {"k": ["!"]})


def test_a_clock_that_is_ahead_is_clamped_and_what_it_said_is_kept():
    ahead = datetime.now(UTC) + timedelta(days=3)
    post(event(at=ahead.isoformat()))
    row = Event.objects.get()
    assert row.client_at == ahead
    assert abs(row.at - datetime.now(UTC)) < timedelta(seconds=20)


def test_an_event_without_time_or_zone_is_taken_as_now_and_as_utc():
    plain = (datetime.now(UTC) - timedelta(hours=2)).replace(tzinfo=None, microsecond=0)
    post(event(), event(at=plain.isoformat()))
    assert Event.objects.filter(at=plain.replace(tzinfo=UTC)).count() == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"\xff{", 400, "invalid_json"),
        (b"[" * 5000, 400, "invalid_json"),
        (b"[]", 422, "invalid"),
        (b'{"events": {}}', 422, "invalid"),
        (json.dumps({"events": [0] * 1001}).encode(), 413, "too_large"),
        (b" " * (1024 * 1024 + 1), 413, "too_large"),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_whole(body, status, code):
    answer = run(lambda door: ask(door, body, blocks=2))
    assert (answer[0], answer[1]["code"], set(answer[1])) == (
        status,
        code,
        {"code", "message", "errors"},
    )
    assert Event.objects.count() == 0


def test_no_events_are_no_error():
    assert post()[:2] == (202, {"accepted": 0, "dropped": []})


def test_other_methods_and_preflight():
    assert run(lambda door: ask(door, None, method="GET"))[0] == 405
    status, _text, headers = run(lambda door: ask(door, None, method="OPTIONS"))
    assert (status, headers["access-control-allow-headers"]) == (204, "content-type")


def test_over_quota_is_refused_and_stores_nothing(monkeypatch):
    monkeypatch.setenv(edge.QUOTA, "3")

    async def scenario(door: Collector) -> list[int]:
        bodies = [json.dumps({"events": [event()] * count}).encode() for count in (2, 2, 1)]
        return [(await ask(door, body))[0] for body in bodies]

    assert run(scenario, address="8.8.8.8") == [202, 429, 202]
    assert Event.objects.count() == 2


def test_machines_of_ones_own_have_no_quota(monkeypatch):
    monkeypatch.setattr(edge, "EVENTS_PER_MINUTE", 1)
    assert post(event(), event())[0] == 202
    assert post(event(), event(), address="8.8.8.8")[0] == 429


def test_a_full_buffer_answers_503(monkeypatch):
    monkeypatch.setattr(edge, "MOST_WAITING_EVENTS", 1)
    status, answer, headers = post(event(), event())
    assert (status, answer["code"], headers["retry-after"]) == (503, "unavailable", "2")
    assert Event.objects.count() == 0


def test_a_database_that_is_away_answers_503(monkeypatch):
    monkeypatch.setattr(edge, "GIVE_UP_SECONDS", 0.2)

    async def main() -> Answer:
        door = Collector(database_url="host=/nowhere", address_of=lambda scope: "")
        return await ask(door, json.dumps({"events": [event()]}).encode())

    assert asyncio.run(main())[0] == 503


def test_a_connection_that_breaks_is_made_again():
    async def scenario(door: Collector) -> list[int]:
        body = json.dumps({"events": [event()]}).encode()
        before = (await ask(door, body))[0]
        async with await psycopg.AsyncConnection.connect(database_url(), autocommit=True) as other:
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'tandem collector'"
            )
        return [before, (await ask(door, json.dumps({"events": [event()]}).encode()))[0]]

    assert run(scenario) == [202, 202]
    assert Event.objects.count() == 2


def test_an_event_that_the_database_refuses_fails_alone_among_many_requests():
    async def main() -> list[Any]:
        store = Store(database_url())
        now = datetime.now(UTC)
        good = [read_event(event(), now) for _number in range(6)]
        bad = good[0].replace('"props":{}', '"props":"\\u0000"')
        try:
            return await asyncio.gather(
                *(store.put([record]) for record in [*good[1:], bad]), return_exceptions=True
            )
        finally:
            await store.close()

    *fine, refused = asyncio.run(main())
    assert fine == [None] * 5
    assert isinstance(refused, UnstorableError)
    assert Event.objects.count() == 5


def test_many_requests_at_once_are_all_stored():
    async def scenario(door: Collector) -> int:
        bodies = [
            json.dumps({"events": [event() for _one in range(7)]}).encode() for _body in range(60)
        ]
        answers = await asyncio.gather(*(ask(door, body) for body in bodies))
        return sum(answer[1]["accepted"] for answer in answers)

    assert run(scenario) == 420
    assert Event.objects.count() == 420


def test_the_tracker_is_small_and_is_asked_for_once():
    async def main() -> tuple[Answer, int]:
        door = Tracker()
        first = await ask(door, None, method="GET")
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            raise AssertionError

        etag = (b"if-none-match", first[2]["etag"].encode())
        await door({"method": "GET", "headers": [etag]}, receive, send)
        return first, sent[0]["status"]

    (status, _text, headers), again = asyncio.run(main())
    assert (status, again) == (200, 304)
    assert headers["content-type"].startswith("text/javascript")
    assert int(headers["content-length"]) < 8000


# --- who sends ------------------------------------------------------------------------------------

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
CRAWLER = "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"


def sent_by(*agents: tuple[str, bool]) -> None:
    """Send an event of each of these agents, from a page or not, by one collector."""

    async def scenario(door: Collector) -> None:
        for agent, from_page in agents:
            headers = [(b"user-agent", agent.encode())] if agent else []
            headers += [(b"origin", b"https://shop.example")] if from_page else []
            body = json.dumps({"events": [event()]}).encode()
            assert (await ask(door, body, headers=headers))[0] == 202

    run(scenario)


def kinds() -> list[str | None]:
    """Whom the events are of, in the order in which they came."""
    known = {number: str(kind) for kind, number in ONE_OF_MANY.items()}
    known |= {one.number: one.kind for one in Agent.objects.all()}
    rows = Event.objects.order_by("received_at", "id")
    return [known[agent] if agent else None for agent in rows.values_list("agent", flat=True)]


def test_who_sent_an_event_is_noted_once_and_before_it():
    sent_by((FIREFOX, True), (FIREFOX, True), (CRAWLER, True), ("", True))
    assert kinds() == ["human", "human", "machine", None]
    noted = Agent.objects.order_by("kind")
    assert [(one.text, one.kind, one.reasons, one.version) for one in noted] == [
        (FIREFOX, "human", ["browser"], VERSION),
        (CRAWLER, "machine", ["crawler:search-engine"], VERSION),
    ]
    assert Event.objects.filter(agent=number_of(FIREFOX)).count() == 2


def test_a_server_of_ones_own_is_no_machine_that_looks_at_pages():
    sent_by(("python-requests/2.32.5", False), ("python-requests/2.32.5", True), (CRAWLER, False))
    assert kinds() == ["unknown", "machine", "machine"]


def test_agents_that_somebody_makes_up_fill_neither_memory_nor_table(monkeypatch):
    monkeypatch.setattr(edge, "AGENTS_A_DAY", 3)
    made_up = [(f"{FIREFOX} {number}", True) for number in range(6)]
    sent_by(*made_up, (f"{CRAWLER} x", True), made_up[0])
    assert kinds() == [*["human"] * 6, "machine", "human"]
    assert Agent.objects.count() == 3
    assert Event.objects.filter(agent=ONE_OF_MANY[Kind.HUMAN]).count() == 3
    assert Event.objects.filter(agent=number_of(made_up[0][0])).count() == 2


def test_a_table_without_room_is_left_as_it_is():
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO lake_agent SELECT g, 'x', true, 'unknown', 0.5, '{}', 'x'"
            " FROM generate_series(1001, 101000) g"
        )
    sent_by((FIREFOX, True), (CRAWLER, True), (CRAWLER, True))
    assert Agent.objects.count() == 100_000
    agents = Event.objects.order_by("received_at").values_list("agent", flat=True)
    machine = ONE_OF_MANY[Kind.MACHINE]
    assert list(agents) == [number_of(FIREFOX), machine, machine]


def test_a_long_or_odd_text_of_an_agent_is_cut_and_cleaned():
    sent_by((f"\x01{'é' * 500}\x7f", True))
    [noted] = Agent.objects.all()
    assert noted.text == "é" * ((MAX_AGENT - 1) // 2)
    assert Event.objects.get().agent == noted.number


def test_a_new_day_tells_agents_apart_again(monkeypatch):
    monkeypatch.setattr(edge, "AGENTS_A_DAY", 1)
    agents = edge.Agents()

    def number(agent: str) -> int | None:
        return agents.number_of([(b"user-agent", agent.encode()), (b"origin", b"null")])

    assert number(FIREFOX) == number_of(FIREFOX)
    assert number(CRAWLER) == ONE_OF_MANY[Kind.MACHINE]
    tomorrow = time.time() + 86_400
    monkeypatch.setattr("tandem.capture.edge.time.time", lambda: tomorrow)
    assert number(CRAWLER) == number_of(CRAWLER)
    assert number(FIREFOX) == ONE_OF_MANY[Kind.HUMAN]
    assert [json.loads(one)["text"] for one in agents.new] == [FIREFOX, CRAWLER]
