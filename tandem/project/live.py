"""Live updates: one stream of server-sent events a page, which says what to fetch again.

An action calls ``kernel.live.changed("handoff")``; after its commit PostgreSQL notifies every edge,
and the edge tells the pages that asked for this topic. A stream carries topics, never records:
the page fetches its fragment through the usual door, with the usual rights. Nothing is missed: a
stream begins with what changed since the page was made, and after any gap says "fetch all".
Nothing here imports Django.
"""

import asyncio
import logging
import random
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qs

import psycopg
from prometheus_client import Counter as Counted
from prometheus_client import Gauge

from tandem.project.proxy import Headers, header

log = logging.getLogger(__name__)

CHANNEL = "tandem_live"
"""What PostgreSQL calls the wire; a payload is topics separated by commas."""

TOPIC = re.compile(r"[a-z][a-z0-9_.-]{0,39}(:[A-Za-z0-9_-]{1,60})?", re.ASCII)
MOST_TOPICS = 60

STREAMS_PER_USER = 24
STREAMS = 4000
"""Of one process."""

PAUSE_SECONDS = 0.25
"""Between two messages of a stream: what changes meanwhile goes out as one."""

BEAT_SECONDS = 15.0
CHECK_SECONDS = 30.0
"""How soon a stream ends after its user was signed out."""

DOUBT_SECONDS = 180.0
"""How long a stream goes on while nobody can say who its user is."""

SEND_SECONDS = 20.0
"""A page that takes nothing for so long is given up; it will come again."""

MEMORY_SECONDS = 600.0
REMEMBERED = 20_000
"""Topics and their last change are remembered for streams that begin again."""

MARGIN_SECONDS = 2.0
"""A page is dated when it is drawn, a little after its records were read."""

QUIET_SECONDS = 20.0
ANSWER_SECONDS = 5.0
RETRY_SECONDS = (0.1, 3.0)

STREAMS_OPEN = Gauge("tandem_live_streams", "Open streams.", multiprocess_mode="livesum")
CHANGES = Counted("tandem_live_changes", "Topics that the database notified of.")
MESSAGES = Counted("tandem_live_messages", "Messages to streams.", ["kind"])
LISTENING = Counted("tandem_live_listens", "Times that an edge began to listen to the database.")
REFUSED = Counted("tandem_live_refused", "Streams that were refused.", ["reason"])

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class CallerUnknownError(Exception):
    """Who calls could not be found out just now."""


class NotAdmittedError(Exception):
    """There is no stream for this request."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class AskCaller(Protocol):
    """Who sends this cookie header: a key of the user, None for nobody."""

    async def __call__(self, cookie: bytes, /) -> str | None:
        """Raises CallerUnknownError."""


@dataclass(eq=False)
class Stream:
    """One page that listens."""

    topics: frozenset[str]
    user: str
    pending: set[str] = field(default_factory=set)
    is_behind: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, topics: Iterable[str]) -> None:
        """Something changed: kept as a set, so that a slow page costs no memory."""
        self.pending.update(topics)
        self.woken.set()

    def tell_all(self) -> None:
        """Something may have been missed."""
        self.is_behind = True
        self.woken.set()

    def end(self) -> None:
        """The page left, or we do."""
        self.over.set()
        self.woken.set()

    def take(self) -> tuple[str, str] | None:
        """Kind and data of the message that is due."""
        self.woken.clear()
        pending, self.pending = self.pending, set()
        if self.is_behind:
            self.is_behind = False
            return "resync", "all"
        return ("changed", ",".join(sorted(pending))) if pending else None


class Live:
    """The door `/live`; one connection to the database for all streams of the process."""

    def __init__(self, *, database_url: str, ask_caller: AskCaller) -> None:
        self._database_url = database_url
        self._ask_caller = ask_caller
        self._streams: set[Stream] = set()
        self._by_topic: dict[str, set[Stream]] = {}
        self._per_user: Counter[str] = Counter()
        self._changed_at: OrderedDict[str, float] = OrderedDict()
        self._known_since = float("inf")
        self._listener: asyncio.Task[None] | None = None
        self._is_closed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer `GET /live?topics=a,b&since=MILLISECONDS` with a stream."""
        cookie = header(scope["headers"], b"cookie") or b""
        try:
            topics, user = await self._admit(scope, cookie=cookie)
        except NotAdmittedError as refusal:
            REFUSED.labels(refusal.reason).inc()
            await _answer(send, refusal.status)
            return
        stream = Stream(topics=topics, user=user)
        self._add(stream)
        left = asyncio.create_task(_until_left(receive, stream))
        try:
            self._catch_up(stream, since=since_of(scope))
            await self._serve(stream, send, cookie=cookie)
        except (OSError, TimeoutError):
            log.debug("a page left its stream or took nothing from it")
        finally:
            left.cancel()
            self._remove(stream)

    def close(self) -> None:
        """End all streams; pages come again to whoever serves next."""
        self._is_closed = True
        if self._listener is not None:
            self._listener.cancel()
        for stream in list(self._streams):
            stream.end()

    async def _admit(self, scope: Scope, *, cookie: bytes) -> tuple[frozenset[str], str]:
        """The topics and the user of a new stream. Raises NotAdmittedError."""
        if scope["method"] != "GET":
            raise NotAdmittedError(HTTPStatus.METHOD_NOT_ALLOWED, "method")
        topics = topics_of(scope["query_string"])
        if topics is None:
            raise NotAdmittedError(HTTPStatus.BAD_REQUEST, "topics")
        if self._is_closed or len(self._streams) >= STREAMS:
            raise NotAdmittedError(HTTPStatus.SERVICE_UNAVAILABLE, "full")
        try:
            user = await self._ask_caller(cookie)
        except CallerUnknownError as error:
            raise NotAdmittedError(HTTPStatus.SERVICE_UNAVAILABLE, "unknown") from error
        if user is None:
            raise NotAdmittedError(HTTPStatus.UNAUTHORIZED, "nobody")
        if self._per_user[user] >= STREAMS_PER_USER:
            raise NotAdmittedError(HTTPStatus.TOO_MANY_REQUESTS, "many")
        return topics, user

    # --- one stream -------------------------------------------------------------------------

    async def _serve(self, stream: Stream, send: Send, *, cookie: bytes) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"text/event-stream; charset=utf-8"),
                    (b"cache-control", b"no-store, no-transform"),
                    (b"x-accel-buffering", b"no"),
                ],
            }
        )
        await _write(send, b"retry: %d\n: listening\n\n" % random.randint(1000, 3000))  # noqa: S311
        next_check = time.monotonic() + CHECK_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311
        doubt_since: float | None = None
        while not stream.over.is_set():
            try:
                async with asyncio.timeout(
                    min(BEAT_SECONDS, max(next_check - time.monotonic(), 0))
                ):
                    await stream.woken.wait()
            except TimeoutError:
                await _write(send, _message_id() + b"\n")
            if stream.over.is_set():
                break
            if time.monotonic() >= next_check:
                next_check = time.monotonic() + CHECK_SECONDS
                try:
                    if await self._ask_caller(cookie) != stream.user:
                        await _write(send, b"event: end\ndata: signed-out\n\n")
                        break
                    doubt_since = None
                except CallerUnknownError:
                    doubt_since = doubt_since or time.monotonic()
                    if time.monotonic() - doubt_since > DOUBT_SECONDS:
                        break
            if stream.woken.is_set() and (message := stream.take()) is not None:
                kind, data = message
                MESSAGES.labels(kind).inc()
                await _write(send, _message_id() + f"event: {kind}\ndata: {data}\n\n".encode())
                await asyncio.sleep(PAUSE_SECONDS)
        async with asyncio.timeout(SEND_SECONDS):
            await send({"type": "http.response.body", "body": b""})

    def _catch_up(self, stream: Stream, *, since: float | None) -> None:
        """What changed between the making of the page and now."""
        if since is None:
            return
        since -= MARGIN_SECONDS
        if since < max(self._known_since, time.time() - MEMORY_SECONDS):
            stream.tell_all()
            return
        missed = [topic for topic in stream.topics if self._changed_at.get(topic, 0.0) >= since]
        if missed:
            stream.tell(missed)

    def _add(self, stream: Stream) -> None:
        self._streams.add(stream)
        self._per_user[stream.user] += 1
        for topic in stream.topics:
            self._by_topic.setdefault(topic, set()).add(stream)
        STREAMS_OPEN.set(len(self._streams))
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen(), name="live")

    def _remove(self, stream: Stream) -> None:
        self._streams.discard(stream)
        self._per_user[stream.user] -= 1
        if not self._per_user[stream.user]:
            del self._per_user[stream.user]
        for topic in stream.topics:
            self._by_topic[topic].discard(stream)
            if not self._by_topic[topic]:
                del self._by_topic[topic]
        STREAMS_OPEN.set(len(self._streams))

    # --- the database -----------------------------------------------------------------------

    async def _listen(self) -> None:
        """Hear the database as long as the process lives; whoever was deaf tells all to fetch."""
        pause = RETRY_SECONDS[0]
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._database_url,
                    autocommit=True,
                    connect_timeout=5,
                    application_name="tandem-live",
                    keepalives_idle=20,
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._begin_to_know()
                    pause = RETRY_SECONDS[0]
                    await self._hear(connection)
            except (psycopg.Error, OSError, TimeoutError) as error:
                log.warning("live updates wait for the database: %s", type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(RETRY_SECONDS[1], pause * 2)

    async def _hear(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while True:
            async for notify in connection.notifies(timeout=QUIET_SECONDS):
                self.heard(notify.payload.split(","))
            # A connection that lost its other end says nothing: ask it.
            async with asyncio.timeout(ANSWER_SECONDS):
                await connection.execute("SELECT 1")

    def _begin_to_know(self) -> None:
        LISTENING.inc()
        self._known_since = time.time()
        for stream in self._streams:
            stream.tell_all()

    def heard(self, topics: Iterable[str]) -> None:
        """Tell the streams of these topics, and remember."""
        now = time.time()
        told: dict[Stream, set[str]] = {}
        for topic in topics:
            CHANGES.inc()
            self._changed_at[topic] = now
            self._changed_at.move_to_end(topic)
            for stream in self._by_topic.get(topic, ()):
                told.setdefault(stream, set()).add(topic)
        while len(self._changed_at) > REMEMBERED:
            _topic, at = self._changed_at.popitem(last=False)
            # What is forgotten too soon counts as never known.
            self._known_since = max(self._known_since, at)
        for stream, its in told.items():
            stream.tell(its)


def topics_of(query_string: bytes) -> frozenset[str] | None:
    """The topics that are asked for; None where they are none, too many or make no sense."""
    words = parse_qs(query_string.decode("ascii", "replace")).get("topics", [""])[0].split(",")
    topics = frozenset(words)
    if len(topics) > MOST_TOPICS or not all(TOPIC.fullmatch(topic) for topic in topics):
        return None
    return topics


def since_of(scope: Scope) -> float | None:
    """When the page was last up to date, in seconds of the epoch: by its last message, or made."""
    given = header(scope["headers"], b"last-event-id") or b""
    if not given.isdigit():
        query = parse_qs(scope["query_string"].decode("ascii", "replace"))
        given = query.get("since", [""])[0].encode()
    return int(given[:15]) / 1000 if given.isdigit() else None


def _message_id() -> bytes:
    """Everything that was heard before this moment has been told."""
    return b"id: %d\n" % int(time.time() * 1000)


async def _write(send: Send, block: bytes) -> None:
    """Raises TimeoutError where the page takes nothing."""
    async with asyncio.timeout(SEND_SECONDS):
        await send({"type": "http.response.body", "body": block, "more_body": True})


async def _until_left(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()


async def _answer(send: Send, status: HTTPStatus) -> None:
    body = status.phrase.encode()
    headers: Headers = [
        (b"content-type", b"text/plain"),
        (b"cache-control", b"no-store"),
        (b"content-length", b"%d" % len(body)),
    ]
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        headers.append((b"retry-after", b"5"))
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
