"""The collector: events from browsers and programs, committed before they are answered.

Bare ASGI beside the pages; nothing here imports Django. One flusher a process stores whatever has
come in since the commit before, in one round trip, and everybody who waits for it is answered at
once. What was stored but not answered when the process dies comes again and is known by its id.
"""

import asyncio
import json
import logging
import os
import re
import time
from collections import Counter as Tally
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import psycopg
from prometheus_client import Counter

from tandem.capture.rules import MAX_URL, REPLAYED, TAKEN, network_of, origin_of, visited_url
from tandem.lake.rules import REPLAY_DAYS
from tandem.lake.rules.agents import MAX_AGENT, ONE_OF_MANY, record_of

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

MOST_BYTES = 1024 * 1024
MOST_EVENTS = 1000
MOST_EVENT_BYTES = 16 * 1024
MOST_WAITING_EVENTS = 20_000
MOST_WAITING_BYTES = 64 * 1024 * 1024
MOST_AT_ONCE = 5_000
EVENTS_PER_MINUTE = 6_000
QUOTA = "TANDEM_EVENTS_PER_MINUTE"
"""How many events a minute are taken from one network; by default none of one's own is bounded."""

AGENTS_A_DAY = 20_000
"""How many senders a process tells apart a day; others stand under what they are likely to be."""

GIVE_UP_SECONDS = 5.0
TELL_SECONDS = 5.0
"""How long counts wait before the database is told; a process that is killed takes them along."""

PAUSE_SECONDS = 0.1
_LATE = timedelta(days=REPLAY_DAYS)
_SKEW = timedelta(seconds=1)
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
_IDS = UUID("6d0b2f0e-3c1c-5f1a-9f0e-7b9d1d4c2a10")

ACCEPTED = Counter("tandem_events_accepted_total", "Events taken, replays included.")
DROPPED = Counter("tandem_events_dropped_total", "Events that were not taken.", ["reason"])


class UnstorableError(Exception):
    """The database refuses one of the events as data."""


class AwayError(Exception):
    """The database cannot be reached, or too many events wait for it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer for the whole request."""

    status: HTTPStatus
    code: str
    message: str
    retry_after_seconds: int | None = None


NOT_JSON = Refusal(HTTPStatus.BAD_REQUEST, "invalid_json", "This is no JSON.")
NO_EVENTS = Refusal(
    HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", 'Send {"events": [...]}, each with id and name.'
)
TOO_LARGE = Refusal(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_large",
    f"At most {MOST_EVENTS} events and {MOST_BYTES // 1024} kB can be sent at once.",
)
WRONG_METHOD = Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", "POST events here.")
OVER_QUOTA = Refusal(
    HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", "Too many events from here.", 60
)
AWAY = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Busy. Send these events again.", 2)


# --- reading --------------------------------------------------------------------------------------


class DropError(Exception):
    """One event cannot be taken; its text is the reason."""


def read_event(raw: Any, now: datetime, *, is_clean: bool = True, agent: int | None = None) -> str:
    """One event as the JSON that ``lake_store`` reads. Raises DropError.

    Not ``is_clean`` says that some text may hold what PostgreSQL cannot keep; it is taken out.
    ``agent`` is the number of who sent it.
    """
    if not isinstance(raw, dict):
        raise DropError("invalid_event")
    event = raw if is_clean else _cleaned(raw)
    name = event.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= 64 or not name.isprintable():
        raise DropError("invalid_name")
    at, client_at = _moments(event.get("at"), now)
    visitor = _text(event, "visitor", 200)
    if len(visitor) > 64:
        raise DropError("invalid_visitor")
    props = event.get("props")
    if props is not None and not isinstance(props, dict):
        raise DropError("invalid_props")
    url, referrer = _text(event, "url", MAX_URL), _text(event, "referrer", MAX_URL)
    record = {
        "id": _id_of(event.get("id")),
        "at": at.isoformat(),
        "client_at": client_at,
        "visitor": visitor,
        "name": name,
        "title": _text(event, "title", 300),
        "props": props or {},
        "agent": agent,
        **_where(url, referrer),
    }
    try:
        text = _ENCODER.encode(record)
    except ValueError as error:
        raise DropError("invalid_props") from error
    if len(text) > MOST_EVENT_BYTES:
        raise DropError("too_large")
    return text


def _id_of(given: Any) -> str:
    """The id as a UUID; another text has one of its own."""
    if not isinstance(given, str) or not 0 < len(given) <= 200:
        raise DropError("invalid_id")
    return given.lower() if _UUID.fullmatch(given) else str(uuid5(_IDS, given))


def _moments(given: Any, now: datetime) -> tuple[datetime, str | None]:
    """When it happened, and what was said where that lies in the future."""
    if given is None:
        return now, None
    if not isinstance(given, str) or len(given) > 40:
        raise DropError("invalid_at")
    try:
        at = datetime.fromisoformat(given)
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise DropError("invalid_at") from error
    if at < now - _LATE:
        raise DropError("too_old")
    if at <= now:
        return at, None
    return now, (at.isoformat() if at - now > _SKEW else None)


def _text(event: dict[str, Any], name: str, most: int) -> str:
    value = event.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DropError(f"invalid_{name}")
    return value[:most]


@lru_cache(maxsize=20_000)
def _where(url: str, referrer: str) -> dict[str, str]:
    """What address and referrer say, kept for the many events of one page."""
    origin = origin_of(url, referrer)
    return {
        "url": visited_url(url),
        "referrer": origin.referrer,
        "source": origin.source,
        "medium": origin.medium,
        "campaign": origin.campaign,
        "channel": str(origin.channel) if url or referrer else "",
    }


def _cleaned(value: Any) -> Any:
    """The value without NUL and half characters, which PostgreSQL cannot keep."""
    if isinstance(value, str):
        return "".join(char for char in value if char != "\0" and not "\ud800" <= char <= "\udfff")
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_cleaned(one) for one in value]
    return value


# --- who sends ------------------------------------------------------------------------------------


class Agents:
    """The senders of a day, each with its number; the new ones wait to be noted in the database.

    What a sender calls itself is no more than it says, so however many names somebody makes up,
    they fill neither this nor the table.
    """

    def __init__(self) -> None:
        self.new: list[str] = []
        self._is_full = False
        self._known: dict[tuple[bytes, bool], int] = {}
        self._day = 0

    def number_of(self, headers: Sequence[tuple[bytes, bytes]]) -> int | None:
        """The number of who sent a request with these headers; None where it does not say."""
        agent, from_page = b"", False
        for name, value in headers:
            if name == b"user-agent":
                agent = value
            elif name == b"origin":
                from_page = True  # browsers say it of every POST, programs do not
        if not agent:
            return None
        key = (agent[:MAX_AGENT], from_page)
        found = self._known.get(key)
        return self._meet(*key) if found is None else found

    def noted(self, count: int, *, has_room: bool) -> None:
        """The oldest of the new ones are in the database, which has room for more or not."""
        del self.new[:count]
        self._is_full = not has_room

    def _meet(self, agent: bytes, from_page: bool) -> int:
        day = int(time.time() // 86_400)
        if day != self._day:
            self._day, self._is_full = day, False
            self._known.clear()
        text = "".join(char for char in agent.decode(errors="ignore") if char.isprintable())
        record = record_of(text, from_page=from_page)
        if self._is_full or len(self._known) >= AGENTS_A_DAY:
            return ONE_OF_MANY[record["kind"]]
        number = int(record["number"])
        self._known[agent, from_page] = number
        self.new.append(json.dumps(record))
        return number


# --- storing --------------------------------------------------------------------------------------


@dataclass
class Waiting:
    """The events of one request, until they are committed."""

    records: Sequence[str]
    size: int
    done: asyncio.Future[None]
    since: float = field(default_factory=time.monotonic)


class Store:
    """The one flusher of this process, on one connection."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._waiting: list[Waiting] = []
        self._events = self._bytes = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self.agents = Agents()
        self.counts: Tally[str] = Tally()
        self._telling: asyncio.Task[None] | None = None

    def count(self, reason: str, number: int = 1) -> None:
        """Note what became of events, for the database to be told by and by."""
        self.counts[reason] += number
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_later())

    async def _tell_later(self) -> None:
        await asyncio.sleep(TELL_SECONDS)
        await self._tell()

    async def _tell(self) -> None:
        told, self.counts = self.counts, Tally()
        text = json.dumps({reason: number for reason, number in told.items() if number})
        try:
            connection = await self._connected()
            await connection.execute("SELECT capture_count(%s::json)", [text], prepare=True)
        except (psycopg.Error, OSError):
            self.counts.update(told)  # told with the next ones

    async def put(self, records: Sequence[str]) -> None:
        """Wait until these events are committed. Raises AwayError, UnstorableError."""
        size = sum(map(len, records))
        if (
            self._closing
            or self._events + len(records) > MOST_WAITING_EVENTS
            or self._bytes + size > MOST_WAITING_BYTES
        ):
            raise AwayError
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._flush_for_ever())
        waiting = Waiting(records, size, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._events += len(records)
        self._bytes += size
        self._wake.set()
        await waiting.done

    async def close(self) -> None:
        """Store what waits, then leave."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            with suppress(asyncio.CancelledError):
                await self._task
        if self._telling is not None:
            self._telling.cancel()
        if self.counts:
            await self._tell()
        await self._disconnect()

    async def _flush_for_ever(self) -> None:
        while not (self._closing and not self._waiting):
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._flush(self._take())

    def _take(self) -> list[Waiting]:
        """The oldest requests with up to MOST_AT_ONCE events, one request at least."""
        count, end = 0, 0
        while end < len(self._waiting) and (not end or count < MOST_AT_ONCE):
            count += len(self._waiting[end].records)
            end += 1
        taken, self._waiting = self._waiting[:end], self._waiting[end:]
        for one in taken:
            self._events -= len(one.records)
            self._bytes -= one.size
        return taken

    async def _flush(self, taken: list[Waiting]) -> None:
        """Store these requests; one that holds what cannot be stored fails alone."""
        try:
            await self._store([record for one in taken for record in one.records], taken[0].since)
        except UnstorableError as error:
            if len(taken) == 1:
                _fail(taken, error)
                return
            middle = len(taken) // 2
            await self._flush(taken[:middle])
            await self._flush(taken[middle:])
        except AwayError as error:
            _fail(taken, error)
        else:
            for one in taken:
                if not one.done.done():
                    one.done.set_result(None)

    async def _store(self, records: Sequence[str], since: float) -> None:
        # Sent again after a broken connection: what was stored then is known by its id.
        text = f"[{','.join(records)}]"
        while True:
            try:
                connection = await self._connected()
                await self._note_agents(connection)
                answer = await connection.execute(
                    "SELECT lake_store(%s::json)", [text], prepare=True
                )
                row = await answer.fetchone()
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                raise UnstorableError from error
            except (psycopg.Error, OSError) as error:
                await self._disconnect()
                if time.monotonic() - since > GIVE_UP_SECONDS:
                    log.warning("events cannot be stored: %s", type(error).__name__)
                    raise AwayError from error
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                self._count_stored(len(records), row[0] if row else 0)
                return

    async def _note_agents(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Note who is new, before their first event."""
        new = self.agents.new[:]
        if not new:
            return
        answer = await connection.execute(
            "SELECT lake_note_agents(%s::json)", [f"[{','.join(new)}]"], prepare=True
        )
        row = await answer.fetchone()
        self.agents.noted(len(new), has_room=bool(row and row[0]))

    def _count_stored(self, came: int, stored: int) -> None:
        self.count(TAKEN, stored)
        if came > stored:
            self.count(REPLAYED, came - stored)

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self._url, autocommit=True, connect_timeout=3, application_name="tandem collector"
            )
            await self._connection.execute("SET statement_timeout = '10s'")
        return self._connection

    async def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error, OSError):
                await self._connection.close()
            self._connection = None


def _fail(taken: Sequence[Waiting], error: Exception) -> None:
    for one in taken:
        if not one.done.done():
            one.done.set_exception(error)


# --- the doors ------------------------------------------------------------------------------------


class Collector:
    """``POST /t/events``. ``address_of`` says who asks, behind declared proxies too."""

    def __init__(self, *, database_url: str, address_of: Callable[[Scope], str]) -> None:
        self._store = Store(database_url)
        self._address_of = address_of
        given = os.environ.get(QUOTA, "")
        self._bounds_own = given.isdigit()
        self._quota = int(given) if given.isdigit() else EVENTS_PER_MINUTE
        self._counts: dict[str, int] = {}
        self._minute = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await _answer(send, HTTPStatus.NO_CONTENT, b"", _PREFLIGHT)
            return
        if scope["method"] != "POST":
            await _refuse(send, WRONG_METHOD, [(b"allow", b"POST, OPTIONS")])
            return
        body = await _body(receive)
        events = TOO_LARGE if body is None else _events_in(body)
        if isinstance(events, Refusal):
            self._drop(f"request_{events.code}")
            await _refuse(send, events)
            return
        if self._is_over_quota(scope, len(events)):
            self._drop("over_quota", len(events))
            await _refuse(send, OVER_QUOTA)
            return
        try:
            answer = await self._take(
                events,
                is_clean=b"\\u" not in (body or b""),
                agent=self._store.agents.number_of(scope["headers"]),
            )
        except AwayError:
            self._drop("busy", len(events))
            await _refuse(send, AWAY)
            return
        await _answer(send, HTTPStatus.ACCEPTED, json.dumps(answer).encode(), _JSON)

    async def close(self) -> None:
        """Store what waits and leave the database."""
        await self._store.close()

    async def _take(
        self, events: Sequence[Any], *, is_clean: bool, agent: int | None
    ) -> dict[str, Any]:
        now = datetime.now(UTC)
        records: list[str] = []
        sources: list[Any] = []
        dropped: list[dict[str, Any]] = []
        for raw in events:
            try:
                records.append(read_event(raw, now, is_clean=is_clean, agent=agent))
                sources.append(raw)
            except DropError as error:
                dropped.append(_dropped(raw, str(error)))
        accepted = len(records)
        if records:
            try:
                await self._store.put(records)
            except UnstorableError:
                accepted = await self._take_singly(records, sources, dropped)
        for one in dropped:
            self._drop(one["reason"])
        ACCEPTED.inc(accepted)
        return {"accepted": accepted, "dropped": dropped}

    def _drop(self, reason: str, number: int = 1) -> None:
        DROPPED.labels(reason).inc(number)
        self._store.count(reason, number)

    async def _take_singly(
        self, records: Sequence[str], sources: Sequence[Any], dropped: list[dict[str, Any]]
    ) -> int:
        """Store the events of a request one by one, so that the one that fails fails alone."""
        accepted = 0
        for record, raw in zip(records, sources, strict=True):
            try:
                await self._store.put([record])
                accepted += 1
            except UnstorableError:
                dropped.append(_dropped(raw, "unstorable"))
        return accepted

    def _is_over_quota(self, scope: Scope, count: int) -> bool:
        address = self._address_of(scope)
        key = network_of(address) or (address if self._bounds_own else "")
        if not key:
            return False
        minute = int(time.time() // 60)
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()
        used = self._counts.get(key, 0)
        if used + count > self._quota:
            return True
        self._counts[key] = used + count
        return False


def _dropped(raw: Any, reason: str) -> dict[str, Any]:
    given = raw.get("id") if isinstance(raw, dict) else None
    shown = given[:200] if isinstance(given, str) else None
    return {"id": shown, "reason": reason}


def _events_in(body: bytes) -> list[Any] | Refusal:
    try:
        told = json.loads(body.decode())
    except (ValueError, RecursionError):
        return NOT_JSON
    events = told.get("events") if isinstance(told, dict) else None
    if not isinstance(events, list):
        return NO_EVENTS
    return events if len(events) <= MOST_EVENTS else TOO_LARGE


async def _body(receive: Receive) -> bytes | None:
    """The whole body, None where it is larger than MOST_BYTES or the caller left."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body if len(body) <= MOST_BYTES else None
    blocks, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        block = message.get("body", b"")
        size += len(block)
        if size > MOST_BYTES:
            return None
        blocks.append(block)
    return b"".join(blocks)


_OPEN: Headers = [(b"access-control-allow-origin", b"*"), (b"cache-control", b"no-store")]
_JSON: Headers = [*_OPEN, (b"content-type", b"application/json")]
_PREFLIGHT: Headers = [
    *_OPEN,
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"content-type"),
    (b"access-control-max-age", b"86400"),
]


async def _refuse(send: Send, refusal: Refusal, more: Sequence[tuple[bytes, bytes]] = ()) -> None:
    headers = [*_JSON, *more]
    if refusal.retry_after_seconds is not None:
        headers.append((b"retry-after", str(refusal.retry_after_seconds).encode()))
    told = {"code": refusal.code, "message": refusal.message, "errors": []}
    await _answer(send, refusal.status, json.dumps(told).encode(), headers)


async def _answer(send: Send, status: HTTPStatus, body: bytes, headers: Headers) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": int(status),
            "headers": [*headers, (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})


class Tracker:
    """``GET /t/tandem.js``: the script of this version, from memory."""

    def __init__(self) -> None:
        self._script = (Path(__file__).parent / "static" / "capture" / "tandem.js").read_bytes()
        digest = uuid5(_IDS, self._script.decode()).hex
        self._etag = f'"{digest}"'.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = [
            (b"content-type", b"text/javascript; charset=utf-8"),
            (b"cache-control", b"public, max-age=3600"),
            (b"access-control-allow-origin", b"*"),
            (b"cross-origin-resource-policy", b"cross-origin"),
            (b"x-content-type-options", b"nosniff"),
            (b"etag", self._etag),
        ]
        if (b"if-none-match", self._etag) in scope["headers"]:
            await _answer(send, HTTPStatus.NOT_MODIFIED, b"", headers)
            return
        await _answer(
            send, HTTPStatus.OK, b"" if scope["method"] == "HEAD" else self._script, headers
        )
