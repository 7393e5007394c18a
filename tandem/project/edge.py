"""The part in front: one bare ASGI application on the public port.

A small table says which paths it answers itself; later rooms add their hot doors to it. All
else goes to the pages through the proxy. Nothing here imports Django.
"""

import asyncio
import html
import ipaddress
import json
import logging
import logging.config
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from types import FrameType
from typing import Any

import uvicorn

from tandem.capture.edge import Collector, Tracker
from tandem.kernel import logs
from tandem.project import metrics, processes
from tandem.project.live import CallerUnknownError, Live
from tandem.project.proxy import (
    Answer,
    Headers,
    Request,
    Upstream,
    UpstreamAwayError,
    UpstreamBrokenError,
    UpstreamSilentError,
    header,
)

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Door = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY_BYTES = 64 * 1024 * 1024
HEALTH_SECONDS = 4.0
STOP_SECONDS = 2

# Of one hop only (RFC 9110, 7.6.1), or ours to say.
NOT_FORWARDED = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate",
        b"proxy-authorization", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"expect",
        b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host",
        b"x-forwarded-port", b"x-forwarded-prefix", b"x-real-ip", b"x-request-id",
    }
)  # fmt: skip
NOT_RETURNED = frozenset(
    {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"server", b"trailer"}
)


class BodyTooLargeError(Exception):
    """The caller sends more than LARGEST_BODY_BYTES."""


class CallerGoneError(Exception):
    """The caller went away before the end of its request."""


@dataclass(frozen=True)
class Refusal:
    """An answer of the edge's own instead of the pages'."""

    status: HTTPStatus
    code: str
    message: str
    retry_after_seconds: int | None = None


AWAY = Refusal(
    HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Tandem is starting or busy. Try again.", 2
)
BROKEN = Refusal(
    HTTPStatus.BAD_GATEWAY,
    "interrupted",
    "The connection broke while Tandem worked on this. Look whether it was done, then try again.",
)
SILENT = Refusal(HTTPStatus.GATEWAY_TIMEOUT, "timeout", "This took too long. Try again.", 10)
TOO_LARGE = Refusal(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_large",
    f"At most {LARGEST_BODY_BYTES // 2**20} MB can be sent at once.",
)
NOT_FOUND = Refusal(HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this address.")
FORBIDDEN = Refusal(HTTPStatus.FORBIDDEN, "forbidden", "Metrics are for this machine's own eyes.")


@dataclass
class Edge:
    """The application: `doors` maps a path's beginning to what answers it."""

    upstream: Upstream
    trusted: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    metrics_token: str | None = None
    doors: dict[str, Door] = field(default_factory=dict)
    database_url: str | None = None
    live: Live | None = None
    collector: Collector | None = None

    def __post_init__(self) -> None:
        if self.database_url is not None:
            self.live = Live(database_url=self.database_url, ask_caller=self.caller)
            self.collector = Collector(database_url=self.database_url, address_of=self.address_of)
            self.doors = {
                "/live": self.live,
                "/t/events": self.collector,
                "/t/tandem.js": Tracker(),
                **self.doors,
            }
        self.doors = {
            "/healthz": self.health,
            "/metrics": self.metrics,
            "/-/": self.hidden,
            **self.doors,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        name, door = self._door(scope["path"])
        begun = time.perf_counter()
        status = 0

        async def counted(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await door(scope, receive, counted)
        finally:
            metrics.request_done(door=name, status=status, seconds=time.perf_counter() - begun)

    def _door(self, path: str) -> tuple[str, Door]:
        """Who answers a path, and its name in the metrics."""
        for prefix, door in self.doors.items():
            if path == prefix or (prefix.endswith("/") and path.startswith(prefix)):
                return prefix, door
        return ("api" if path.startswith("/api/") else "web"), self.pages

    # --- doors ------------------------------------------------------------------------------

    async def pages(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the pages and their answer back."""
        request_id = secrets.token_hex(8).encode()
        try:
            request = await self._request(scope, receive, request_id)
            answer = await self.upstream.ask(request)
        except BodyTooLargeError:
            await refuse(scope, send, TOO_LARGE)
        except UpstreamAwayError:
            await refuse(scope, send, AWAY)
        except UpstreamBrokenError:
            log.warning("web broke off request %s", request_id.decode())
            # A request that only reads has no outcome to look for.
            reads = scope["method"] in {"GET", "HEAD"}
            await refuse(scope, send, AWAY if reads else BROKEN)
        except UpstreamSilentError:
            log.warning("web stayed silent on request %s", request_id.decode())
            await refuse(scope, send, SILENT)
        except CallerGoneError:
            return
        else:
            await self._return(answer, send, request_id)

    async def health(self, scope: Scope, receive: Receive, send: Send) -> None:
        """200 when every part serves, else 503 and which part does not."""
        status, body = await self._inner(b"/-/health")
        if status is None:
            body = json.dumps({"status": "unavailable", "failing": ["web"]}).encode()
        await answer_whole(
            send,
            HTTPStatus.OK if status == HTTPStatus.OK else HTTPStatus.SERVICE_UNAVAILABLE,
            body,
            [(b"content-type", b"application/json"), (b"cache-control", b"no-store")],
        )

    async def metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Counters in Prometheus' form, for this machine or for the bearer of the token."""
        if not self._may_measure(scope):
            await refuse(scope, send, FORBIDDEN)
            return
        status, body = await self._inner(b"/-/metrics")
        if status != HTTPStatus.OK:
            body = b""
        await answer_whole(
            send,
            HTTPStatus.OK,
            metrics.text() + body,
            [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")],
        )

    async def hidden(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Paths between the parts are nobody's from outside."""
        await refuse(scope, send, NOT_FOUND)

    # --- the way there ----------------------------------------------------------------------

    async def _request(self, scope: Scope, receive: Receive, request_id: bytes) -> Request:
        """The request as the pages get it: our word on where it came from, not the caller's."""
        given: Headers = scope["headers"]
        length = header(given, b"content-length")
        if length is not None and int(length) > LARGEST_BODY_BYTES:
            raise BodyTooLargeError
        named = {name.strip().lower() for name in (header(given, b"connection") or b"").split(b",")}
        headers = [
            (name, value)
            for name, value in given
            # An underscore would pass for a dash once the name is an environment variable.
            if name not in NOT_FORWARDED and name not in named and b"_" not in name
        ]
        headers += self._origin(scope, given)
        headers.append((b"x-request-id", request_id))
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerGoneError
        query: bytes = scope["query_string"]
        target: bytes = scope.get("raw_path") or scope["path"].encode()
        return Request(
            method=scope["method"],
            target=target + b"?" + query if query else target,
            headers=headers,
            first=message.get("body", b""),
            rest=_rest(receive, len(message.get("body", b"")))
            if message.get("more_body")
            else None,
        )

    def _origin(self, scope: Scope, given: Headers) -> Headers:
        """Who asks, by which scheme and name; a trusted proxy in front is believed."""
        peer = scope["client"][0] if scope.get("client") else ""
        host = header(given, b"host") or b""
        chain, scheme = peer.encode(), scope["scheme"].encode()
        if self.trusted and self._is_trusted(peer):
            before = header(given, b"x-forwarded-for")
            chain = before + b", " + chain if before else chain
            scheme = header(given, b"x-forwarded-proto") or scheme
            host = header(given, b"x-forwarded-host") or host
        return [
            (b"x-forwarded-for", chain),
            (b"x-forwarded-proto", scheme),
            (b"x-forwarded-host", host),
        ]

    def address_of(self, scope: Scope) -> str:
        """Who asks, by address: behind trusted proxies the last one whom they heard."""
        peer: str = scope["client"][0] if scope.get("client") else ""
        chain = (header(scope["headers"], b"x-forwarded-for") or b"").decode("latin-1").split(",")
        while self._is_trusted(peer) and chain[-1].strip():
            peer = chain.pop().strip()
            chain = chain or [""]
        return peer

    def _is_trusted(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self.trusted)

    # --- the way back -----------------------------------------------------------------------

    async def _return(self, answer: Answer, send: Send, request_id: bytes) -> None:
        headers = [pair for pair in answer.headers if pair[0] not in NOT_RETURNED]
        headers.append((b"x-request-id", request_id))
        try:
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            whole = answer.whole_body()
            if whole is None:
                async for block in answer.body():
                    await send({"type": "http.response.body", "body": block, "more_body": True})
            await send({"type": "http.response.body", "body": whole or b""})
        except (UpstreamBrokenError, UpstreamSilentError):
            # The head is out: all that is left is to end without the end mark.
            log.warning("web broke off in the middle of an answer")
            raise
        except OSError:
            log.debug("the caller left in the middle of an answer")
        finally:
            self.upstream.done(answer)

    # --- odds -------------------------------------------------------------------------------

    async def caller(self, cookie: bytes) -> str | None:
        """Who is signed in with this cookie header. Raises CallerUnknownError."""
        if not cookie:
            return None
        status, body = await self._inner(b"/-/caller", [(b"cookie", cookie)])
        if status == HTTPStatus.OK:
            return body.decode()
        if status == HTTPStatus.UNAUTHORIZED:
            return None
        raise CallerUnknownError

    async def _inner(
        self, target: bytes, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> tuple[int | None, bytes]:
        """Ask the pages something between ourselves; None where they do not answer soon."""
        try:
            async with asyncio.timeout(HEALTH_SECONDS):
                answer = await self.upstream.ask(
                    Request(
                        method="GET",
                        target=target,
                        headers=[(b"host", b"tandem.internal"), *headers],
                    )
                )
                try:
                    body = b"".join([block async for block in answer.body()])
                finally:
                    self.upstream.done(answer)
        except (TimeoutError, UpstreamAwayError, UpstreamBrokenError, UpstreamSilentError):
            return None, b""
        return answer.status, body

    def _may_measure(self, scope: Scope) -> bool:
        given = header(scope["headers"], b"authorization") or b""
        if self.metrics_token is not None:
            return secrets.compare_digest(given, b"Bearer " + self.metrics_token.encode())
        if header(scope["headers"], b"x-forwarded-for") is not None:
            return False
        try:
            return ipaddress.ip_address((scope.get("client") or ("", 0))[0]).is_loopback
        except ValueError:
            return False

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                if self.live is not None:
                    self.live.close()
                if self.collector is not None:
                    await self.collector.close()
                self.upstream.close()
                return


async def _rest(receive: Receive, size: int) -> AsyncIterator[bytes]:
    """The blocks of a body after the first. Raises BodyTooLargeError, CallerGoneError."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerGoneError
        block: bytes = message.get("body", b"")
        size += len(block)
        if size > LARGEST_BODY_BYTES:
            raise BodyTooLargeError
        yield block
        if not message.get("more_body"):
            return


async def refuse(scope: Scope, send: Send, refusal: Refusal) -> None:
    """Answer in the caller's language: JSON for programs, a plain page for people."""
    headers: Headers = [(b"cache-control", b"no-store")]
    if refusal.retry_after_seconds is not None:
        headers.append((b"retry-after", str(refusal.retry_after_seconds).encode()))
    if scope["path"].startswith("/api/"):
        body = json.dumps({"code": refusal.code, "message": refusal.message, "errors": []})
        headers.append((b"content-type", b"application/json"))
    else:
        body = _page(refusal)
        headers.append((b"content-type", b"text/html; charset=utf-8"))
        headers.append((b"content-security-policy", b"default-src 'none'"))
    await answer_whole(send, refusal.status, body.encode(), headers)


def _page(refusal: Refusal) -> str:
    title = html.escape(refusal.status.phrase)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} · Tandem'
        '</title><meta name="viewport" content="width=device-width"></head><body><main>'
        f'<h1>{title}</h1><p>{html.escape(refusal.message)}</p><p><a href="">Try again</a></p>'
        "</main></body></html>"
    )


async def answer_whole(send: Send, status: int, body: bytes, headers: Headers) -> None:
    """Answer in one piece."""
    await send(
        {
            "type": "http.response.start",
            "status": int(status),
            "headers": [*headers, (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})


def networks(text: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Addresses and networks separated by commas."""
    return tuple(
        ipaddress.ip_network(word.strip(), strict=False) for word in text.split(",") if word.strip()
    )


class Server(uvicorn.Server):
    """Streams have no end of their own: they get one when the server is asked to stop."""

    def __init__(self, config: uvicorn.Config, *, live: Live | None) -> None:
        super().__init__(config)
        self._live = live
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._loop is not None and self._live is not None:
            self._loop.call_soon_threadsafe(self._live.close)
        super().handle_exit(sig, frame)


def serve(listener: socket.socket, *, upstream: str, database_url: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    logging.config.dictConfig(logs.configuration())
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    edge = Edge(
        upstream=Upstream(upstream),
        trusted=networks(os.environ.get("TANDEM_TRUSTED_PROXIES", "")),
        metrics_token=os.environ.get("TANDEM_METRICS_TOKEN") or None,
        database_url=database_url,
    )
    config = uvicorn.Config(
        edge,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        lifespan="on",
        ws="none",
        http="httptools",
        loop="uvloop",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=STOP_SECONDS,
        backlog=1024,
    )
    config.load()
    processes.wait_for_go()
    log.info("edge serves")
    Server(config, live=edge.live).run(sockets=[listener])
