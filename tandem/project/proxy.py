"""The way from the edge to the pages: a lean HTTP/1.1 client for one upstream.

Connections are kept and reused, bodies stream both ways with back-pressure. It retries to reach
the upstream, and repeats a request that only reads; a request that may have changed something is
never sent twice.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser

Headers = list[tuple[bytes, bytes]]

CONNECT_SECONDS = 5.0
"""How long an upstream that is away is waited for before the caller gets a refusal."""

SILENCE_SECONDS = 120.0
"""How long an upstream may say nothing before it is given up."""

HIGH_WATER_BYTES = 256 * 1024

FIRST_FINAL_STATUS = 200
"""What comes with a smaller status is only said on the way."""

REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})

TRIES = 3
"""Of a request that only reads: a process that dies may still take one more connection."""


class UpstreamAwayError(Exception):
    """The upstream cannot be reached, so it has not seen the request."""


class UpstreamBrokenError(Exception):
    """The upstream went away in the middle: whether it acted on the request is unknown."""

    def __init__(self, *, has_heard: bool) -> None:
        super().__init__("the upstream went away")
        self.has_heard = has_heard


class UpstreamSilentError(Exception):
    """The upstream took the request and did not answer in time."""


@dataclass(kw_only=True)
class Request:
    """What to ask; `body` yields blocks, and is consumed once."""

    method: str
    target: bytes
    headers: Headers
    first: bytes = b""
    rest: AsyncIterator[bytes] | None = None


@dataclass(kw_only=True)
class Answer:
    """The head of a response; the body is read by iterating over it."""

    status: int
    headers: Headers
    connection: "Connection"

    async def body(self) -> AsyncIterator[bytes]:
        """Blocks of the body, as they come. Raises UpstreamBrokenError, UpstreamSilentError."""
        connection = self.connection
        while True:
            block = await connection.next_block()
            if block is None:
                return
            yield block

    def whole_body(self) -> bytes | None:
        """The body where all of it is here already, so that it can go out in one piece."""
        return self.connection.take_whole()


@dataclass
class Connection(asyncio.Protocol):
    """One connection to the upstream, with at most one request under way."""

    transport: asyncio.Transport | None = None
    closed: bool = False
    reusable: bool = True
    status: int = 0
    headers: Headers = field(default_factory=list)
    blocks: deque[bytes] = field(default_factory=deque)
    buffered: int = 0
    complete: bool = False
    is_head: bool = False
    heard: bool = False
    parser: HttpResponseParser | None = None
    waiter: asyncio.Future[None] | None = None
    head_ready: bool = False
    writable: asyncio.Event = field(default_factory=asyncio.Event)

    # --- what asyncio calls -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's classes.
        self.transport = cast(asyncio.Transport, transport)
        self.writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.reusable = False
        self.writable.set()
        self._wake()

    def data_received(self, data: bytes) -> None:
        if self.parser is None:
            # Words without a question: this connection is out of step.
            self.close()
            return
        self.heard = True
        try:
            self.parser.feed_data(data)
        except HttpParserError:
            self.close()
        if self.buffered > HIGH_WATER_BYTES and self.transport is not None:
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    # --- what the parser calls --------------------------------------------------------------

    def on_message_begin(self) -> None:
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser = cast(HttpResponseParser, self.parser)
        self.status = parser.get_status_code()
        if self.status < FIRST_FINAL_STATUS:
            return
        self.head_ready = True
        self.reusable = parser.should_keep_alive()
        if self.is_head:
            self.complete = True

    def on_body(self, body: bytes) -> None:
        self.blocks.append(body)
        self.buffered += len(body)

    def on_message_complete(self) -> None:
        if self.status >= FIRST_FINAL_STATUS:
            self.complete = True

    # --- what the client calls --------------------------------------------------------------

    def begin(self, *, is_head: bool) -> None:
        """Get ready for the answer to one request."""
        self.parser = HttpResponseParser(self)
        self.is_head = is_head
        self.head_ready = self.complete = self.heard = False
        self.blocks.clear()
        self.buffered = 0

    async def write(self, data: bytes) -> None:
        """Send, waiting where the upstream reads slowly."""
        if self.closed or self.transport is None:
            raise UpstreamBrokenError(has_heard=self.heard)
        self.transport.write(data)
        if not self.writable.is_set():
            await self.writable.wait()

    async def head(self) -> None:
        """Wait for the head of the answer."""
        while not self.head_ready:
            await self._wait()

    async def next_block(self) -> bytes | None:
        """The next block of the body, None at its end."""
        while not self.blocks:
            if self.complete:
                return None
            if self.closed and self.parser is not None and not self._framed():
                self.complete = True
                return None
            await self._wait()
        block = self.blocks.popleft()
        self.buffered -= len(block)
        if self.buffered <= HIGH_WATER_BYTES and self.transport is not None and not self.closed:
            self.transport.resume_reading()
        return block

    def take_whole(self) -> bytes | None:
        """All of the body where it has arrived, else None."""
        if not self.complete:
            return None
        body = b"".join(self.blocks)
        self.blocks.clear()
        self.buffered = 0
        return body

    def close(self) -> None:
        """Give the connection up."""
        self.closed = True
        self.reusable = False
        if self.transport is not None:
            self.transport.abort()
        self._wake()

    def _framed(self) -> bool:
        """Whether the body says where it ends (else it ends with the connection)."""
        return any(name in {b"content-length", b"transfer-encoding"} for name, _ in self.headers)

    async def _wait(self) -> None:
        if self.closed:
            raise UpstreamBrokenError(has_heard=self.heard)
        self.waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                await self.waiter
        except TimeoutError as error:
            self.close()
            raise UpstreamSilentError from error
        finally:
            self.waiter = None

    def _wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)


class Upstream:
    """One upstream, by the path of a unix socket or by `http://host:port`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._idle: list[Connection] = []

    async def ask(self, request: Request) -> Answer:
        """Send a request and wait for the head of its answer; `done` must follow.

        Raises UpstreamAwayError, UpstreamBrokenError, UpstreamSilentError, and what the body of
        the request raises.
        """
        for _ in range(TRIES - 1):
            try:
                return await self._ask_once(request)
            except UpstreamBrokenError as error:
                if error.has_heard or request.method not in REPEATABLE or request.rest is not None:
                    raise
                self.close()  # the idle ones may be of the same process
        return await self._ask_once(request)

    async def _ask_once(self, request: Request) -> Answer:
        connection = await self._connection()
        connection.begin(is_head=request.method == "HEAD")
        is_answered = False
        try:
            await self._send(connection, request)
            await connection.head()
            is_answered = True
        finally:
            if not is_answered:
                connection.close()
        return Answer(status=connection.status, headers=connection.headers, connection=connection)

    def done(self, answer: Answer) -> None:
        """Give an answer's connection back, or up where it was not read to the end."""
        connection = answer.connection
        connection.parser = None
        if connection.reusable and connection.complete and not connection.closed:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Give all idle connections up."""
        while self._idle:
            self._idle.pop().close()

    async def _send(self, connection: Connection, request: Request) -> None:
        lines = [request.method.encode(), b" ", request.target, b" HTTP/1.1\r\n"]
        for name, value in request.headers:
            lines += (name, b": ", value, b"\r\n")
        if request.rest is None:
            lines += (b"\r\n", request.first)
            await connection.write(b"".join(lines))
            return
        is_chunked = not any(name == b"content-length" for name, _ in request.headers)
        if is_chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        await connection.write(b"".join(lines))
        blocks = _joined(request.first, request.rest)
        async for block in blocks:
            # An upstream that has answered already will not read the rest.
            if connection.head_ready:
                connection.reusable = False
                return
            await connection.write(_chunk(block) if is_chunked else block)
        if is_chunked:
            await connection.write(b"0\r\n\r\n")

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        deadline = time.monotonic() + CONNECT_SECONDS
        pause = 0.02
        while True:
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + CONNECT_SECONDS):
                    return await self._connect()
            except (OSError, TimeoutError) as error:
                if time.monotonic() + pause > deadline:
                    raise UpstreamAwayError(self.address) from error
            await asyncio.sleep(pause)
            pause = min(0.25, pause * 1.5)

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        if self.address.startswith("http://"):
            parts = urlsplit(self.address)
            _, connection = await loop.create_connection(
                Connection, parts.hostname or "", parts.port or 80
            )
        else:
            _, connection = await loop.create_unix_connection(Connection, self.address)
        return connection


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """The first value of a header, by its lower-case name."""
    for key, value in headers:
        if key == name:
            return value
    return None


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """All blocks of a body that hold something."""
    if first:
        yield first
    async for block in rest:
        if block:
            yield block


def _chunk(block: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(block), block)
