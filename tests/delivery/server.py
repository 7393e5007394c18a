"""A real SMTP server on loopback whose answers a test writes beforehand."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd import smtp
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

Answer = str | Callable[[], str]


logging.getLogger("mail.log").setLevel(logging.WARNING)  # it tells every line of the wire


@dataclass
class Post:
    """What came in, and what is answered: ``data`` and ``rcpt`` are used up one by one.

    ``taken`` counts the mails that came in whole, ``in_hand`` those on their answer.
    ``cut`` as an answer closes the connection without a word, after the mail was taken.
    """

    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    rcpt: list[str] = field(default_factory=list)
    slow_seconds: float = 0.0
    keeps: bool = True
    taken: int = 0
    in_hand: int = 0
    connections: int = 0
    logins: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_EHLO(  # noqa: N802
        self,
        server: smtp.SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        answers: list[str],
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return answers

    async def handle_RCPT(  # noqa: N802
        self,
        server: smtp.SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[Any],
    ) -> str:
        answer = self.rcpt.pop(0) if self.rcpt else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802
        self, server: smtp.SMTP, session: Session, envelope: Envelope
    ) -> str:
        answer = self.data.pop(0) if self.data else "250 Message accepted for delivery"
        content = envelope.content
        assert isinstance(content, bytes)
        self.taken += 1
        if self.keeps and (answer.startswith("250") or answer == "cut"):
            with self.lock:
                self.raw.append(content)
                mail = message_from_bytes(content, policy=default)
                assert isinstance(mail, EmailMessage)
                self.mails.append(mail)
                self.recipients += envelope.rcpt_tos
        self.in_hand += 1
        if self.slow_seconds:
            await asyncio.sleep(self.slow_seconds)
        if answer == "cut":
            assert server.transport is not None
            server.transport.close()
            return "250 nobody hears this"
        return answer

    def authenticate(
        self, server: smtp.SMTP, session: Session, envelope: Envelope, mechanism: str, auth: Any
    ) -> AuthResult:
        assert isinstance(auth, LoginPassword)
        self.logins.append(auth.login.decode())
        return AuthResult(success=auth.password == b"right", handled=False)

    def wait_for(self, count: int, seconds: float = 10.0) -> None:
        """Wait until so many mails are here."""
        until = time.monotonic() + seconds
        while len(self.mails) < count:
            assert time.monotonic() < until, f"{len(self.mails)} of {count} mails came"
            time.sleep(0.02)


@contextmanager
def listening(post: Post, **options: Any) -> Iterator[int]:
    """Serve on a free port of loopback; the port."""
    loop = asyncio.new_event_loop()

    def protocol() -> smtp.SMTP:
        return smtp.SMTP(post, loop=loop, hostname="post.example", **options)

    server = loop.run_until_complete(loop.create_server(protocol, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(_end, loop)
        thread.join(5)
        loop.close()


def _end(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.call_later(0.01, loop.stop)
