"""The stream of live updates against the real database."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import psycopg
import pytest

from tandem.project import live as live_module
from tandem.project.edge import Edge
from tandem.project.live import CallerUnknownError, Live, topics_of
from tandem.project.proxy import Upstream

COOKIE = b"tandem_session=s"


class Page:
    """One page that listens, and what it has received."""

    def __init__(
        self, door: Callable[..., Coroutine[Any, Any, None]], query: str, **more: Any
    ) -> None:
        headers = [(b"cookie", COOKIE), *more.pop("headers", ())]
        scope = {
            "type": "http", "method": "GET", "path": "/live", "query_string": query.encode(),
            "headers": headers, **more,
        }  # fmt: skip
        self.status = 0
        self.text = ""
        self.gate = asyncio.Event()
        self.gate.set()
        self._leave = asyncio.Event()
        self.task = asyncio.create_task(door(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self._leave.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        await self.gate.wait()
        self.status = message.get("status", self.status)
        self.text += message.get("body", b"").decode()

    def events(self) -> list[tuple[str, str]]:
        """Kind and data of each event."""
        found = []
        for block in self.text.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
            if "data" in fields:
                found.append((fields["event"], fields["data"]))
        return found

    async def until(self, *events: tuple[str, str]) -> None:
        """Wait until just these events have come."""
        await wait_until(lambda: len(self.events()) >= len(events), lambda: self.text)
        assert self.events() == list(events)

    async def leave(self) -> None:
        self._leave.set()
        await self.task


async def wait_until(holds: Callable[[], bool], told: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + 8
    while not holds():
        assert time.monotonic() < deadline, told()
        await asyncio.sleep(0.01)


async def signed_in(_cookie: bytes) -> str | None:
    return "7"


async def changed(*topics: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url(), autocommit=True) as connection:
        await connection.execute("SELECT pg_notify('tandem_live', %s)", [",".join(topics)])


def database_url() -> str:
    return os.environ["DATABASE_URL"]


def run(scenario: Callable[[Live], Awaitable[None]], *, ask_caller=signed_in) -> None:
    async def main() -> None:
        live = Live(database_url=database_url(), ask_caller=ask_caller)
        try:
            async with asyncio.timeout(30):
                await scenario(live)
        finally:
            live.close()
            await asyncio.sleep(0)

    asyncio.run(main())


async def listening(live: Live, topics: str = "handoff") -> Page:
    """A page that has been told, as at every first, to fetch all."""
    page = Page(live, f"topics={topics}")
    await page.until(("resync", "all"))
    page.text = ""
    return page


def test_a_page_hears_of_its_own_topics_only():
    async def scenario(live):
        page = await listening(live, "handoff,person:1")
        other = Page(live, "topics=deal")
        await wait_until(lambda: other.status == 200)

        await changed("handoff", "lead")

        await page.until(("changed", "handoff"))
        assert other.events() == []
        await changed("deal")
        await other.until(("changed", "deal"))
        assert page.events() == [("changed", "handoff")]

    run(scenario)


def test_a_change_is_told_at_once():
    async def scenario(live):
        page = await listening(live)
        async with await psycopg.AsyncConnection.connect(
            database_url(), autocommit=True
        ) as connection:
            begun = time.monotonic()
            await connection.execute("SELECT pg_notify('tandem_live', 'handoff')")
            await page.until(("changed", "handoff"))
        assert time.monotonic() - begun < 0.5

    run(scenario)


def test_a_burst_of_changes_is_few_messages():
    async def scenario(live):
        page = await listening(live, "handoff,lead")
        for _ in range(200):
            live.heard(["handoff", "lead"])
            await asyncio.sleep(0.001)
        await asyncio.sleep(2 * live_module.PAUSE_SECONDS)
        assert 1 <= len(page.events()) <= 5
        assert set(page.events()) == {("changed", "handoff,lead")}

    run(scenario)


def test_what_changed_since_the_page_was_made_is_told_first():
    async def scenario(live):
        await listening(live)
        await asyncio.sleep(0.05)
        made = int((time.time() + live_module.MARGIN_SECONDS) * 1000)
        live.heard(["handoff"])
        late = Page(live, f"topics=handoff,lead&since={made}")
        await late.until(("changed", "handoff"))
        later = int((time.time() + live_module.MARGIN_SECONDS + 1) * 1000)
        quiet = Page(live, f"topics=handoff&since={later}")
        await wait_until(lambda: quiet.status == 200)
        await asyncio.sleep(0.05)
        assert quiet.events() == []

    run(scenario)


def test_a_page_that_was_away_from_before_we_listened_fetches_all():
    async def scenario(live):
        await listening(live)
        now = int(time.time() * 1000)
        stale = Page(live, f"topics=lead&since={now}", headers=[(b"last-event-id", b"1000")])
        await stale.until(("resync", "all"))

    run(scenario)


def test_forgotten_changes_count_as_missed(monkeypatch):
    monkeypatch.setattr(live_module, "REMEMBERED", 2)

    async def scenario(live):
        await listening(live)
        await asyncio.sleep(0.05)
        made = int((time.time() + live_module.MARGIN_SECONDS) * 1000)
        for topic in ("lead", "deal", "order"):
            live.heard([topic])
        page = Page(live, f"topics=lead&since={made - 1}")
        await page.until(("resync", "all"))

    run(scenario)


def test_after_the_connection_to_the_database_broke_every_page_fetches_all():
    async def scenario(live):
        page = await listening(live)
        async with await psycopg.AsyncConnection.connect(
            database_url(), autocommit=True
        ) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'tandem-live'"
            )
        await page.until(("resync", "all"))
        await changed("handoff")
        await wait_until(lambda: ("changed", "handoff") in page.events())

    run(scenario)


def test_nobody_gets_no_stream():
    async def nobody(_cookie):
        return None

    async def scenario(live):
        page = Page(live, "topics=handoff")
        await page.task
        assert (page.status, page.text) == (401, "Unauthorized")

    run(scenario, ask_caller=nobody)


def test_a_stream_ends_when_its_user_was_signed_out(monkeypatch):
    monkeypatch.setattr(live_module, "CHECK_SECONDS", 0.05)
    users = ["7"]

    async def who(_cookie):
        return users[0] if users else None

    async def scenario(live):
        page = await listening(live)
        await asyncio.sleep(0.2)
        assert not page.task.done()
        users.clear()
        await asyncio.wait_for(page.task, 2)
        assert page.events() == [("end", "signed-out")]

    run(scenario, ask_caller=who)


def test_a_stream_goes_on_for_a_while_when_nobody_can_say_who_calls(monkeypatch):
    monkeypatch.setattr(live_module, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(live_module, "DOUBT_SECONDS", 0.3)
    answers: list[str | None] = ["7"]

    async def who(_cookie):
        if not answers:
            raise CallerUnknownError
        return answers[0]

    async def scenario(live):
        page = await listening(live)
        answers.clear()
        await asyncio.sleep(0.15)
        assert not page.task.done()
        await asyncio.wait_for(page.task, 2)
        assert page.events() == []
        refused = Page(live, "topics=handoff")
        await refused.task
        assert refused.status == 503

    run(scenario, ask_caller=who)


def test_a_user_has_so_many_streams_and_no_more(monkeypatch):
    monkeypatch.setattr(live_module, "STREAMS_PER_USER", 2)

    async def scenario(live):
        first, _second = await listening(live), Page(live, "topics=deal")
        await asyncio.sleep(0.05)
        third = Page(live, "topics=handoff")
        await third.task
        assert third.status == 429
        await first.leave()
        fourth = Page(live, "topics=handoff")
        await wait_until(lambda: fourth.status == 200)

    run(scenario)


def test_a_page_that_takes_nothing_is_given_up_and_costs_no_memory(monkeypatch):
    monkeypatch.setattr(live_module, "SEND_SECONDS", 0.2)
    monkeypatch.setattr(live_module, "PAUSE_SECONDS", 0.0)

    async def scenario(live):
        page = await listening(live, "handoff,lead")
        page.gate.clear()
        (stream,) = live._streams
        for _ in range(1000):
            live.heard(["handoff", "lead"])
        await asyncio.sleep(0.05)
        for _ in range(1000):
            live.heard(["handoff", "lead"])
        assert stream.pending == {"handoff", "lead"}
        await asyncio.wait_for(page.task, 2)
        assert live._streams == set()

    run(scenario)


def test_streams_end_with_the_server():
    async def scenario(live):
        page = await listening(live)
        live.close()
        await asyncio.wait_for(page.task, 1)
        again = Page(live, "topics=handoff")
        await again.task
        assert again.status == 503

    run(scenario)


def test_a_quiet_stream_beats_and_its_mark_goes_on(monkeypatch):
    monkeypatch.setattr(live_module, "BEAT_SECONDS", 0.05)

    async def scenario(live):
        page = await listening(live)
        await wait_until(lambda: page.text.count("id: ") >= 3)
        marks = [int(line[4:]) for line in page.text.split("\n") if line.startswith("id: ")]
        assert marks == sorted(marks)
        assert abs(marks[-1] / 1000 - time.time()) < 1
        assert page.events() == []

    run(scenario)


@pytest.mark.parametrize(
    "query",
    ["", "topics=", "topics=a,,b", "topics=Hand off", "topics=a:b:c", "topics=" + "a," * 70],
)
def test_topics_that_make_no_sense_are_refused(query):
    async def scenario(live):
        page = Page(live, query)
        await page.task
        assert page.status == 400

    run(scenario)


def test_topics_are_kinds_and_records():
    assert topics_of(b"topics=handoff,person:0198-ab") == frozenset({"handoff", "person:0198-ab"})


def test_a_stream_is_only_read():
    async def scenario(live):
        page = Page(live, "topics=handoff", method="POST")
        await page.task
        assert page.status == 405

    run(scenario)


def test_the_edge_asks_the_pages_who_calls_and_passes_the_cookie(tmp_path):
    asked = []

    async def pages(reader, writer):
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 401 X\r\ncontent-length: 0\r\n\r\n")
        await reader.read()
        writer.close()

    async def main():
        server = await asyncio.start_unix_server(pages, str(tmp_path / "s"))
        async with server:
            edge = Edge(upstream=Upstream(str(tmp_path / "s")), database_url=database_url())
            page = Page(edge, "topics=handoff")
            await page.task
            edge.upstream.close()
            await asyncio.sleep(0.01)
            return page.status

    assert asyncio.run(main()) == 401
    assert len(asked) == 1
    assert asked[0].startswith("GET /-/caller HTTP/1.1\r\n")
    assert "cookie: tandem_session=s\r\n" in asked[0]
