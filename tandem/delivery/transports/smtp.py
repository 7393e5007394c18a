"""Handing messages to a mail server over SMTP, one at a time.

Every step has its own meaning: before the final dot a lost connection leaves nothing behind, after
it nobody can know. So the steps are taken one by one, not by ``smtplib.sendmail``.
"""

import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings

from tandem.consent.rules import Channel
from tandem.delivery.rules import (
    Answer,
    MailServer,
    Reply,
    Security,
    answer_of,
    is_bad_address,
    mail_server,
    plain_words,
)
from tandem.delivery.slots import Envelope, Line, Unreachable

CONNECT_SECONDS = 15.0
COMMAND_SECONDS = 20.0
FINAL_SECONDS = 60.0
# All steps before the final dot together: a lease outlives them and the final answer.
BEFORE_FINAL_SECONDS = 40.0


class SmtpTransport:
    """The mail server of TANDEM_SMTP_URL, read anew at each use."""

    channel = Channel.EMAIL

    @property
    def server(self) -> MailServer | None:
        return mail_server(settings.SMTP_URL)

    @property
    def is_set(self) -> bool:
        return self.server is not None

    @property
    def name(self) -> str:
        server = self.server
        return server.name if server else ""

    @contextmanager
    def open(self) -> Iterator[Line]:
        """A connection, signed in. Raises Unreachable."""
        server = self.server
        if server is None:
            raise Unreachable("No mail server is set.")
        smtp = _connected(server)
        line = SmtpLine(server, smtp)
        try:
            yield line
        finally:
            line.close()


class SmtpLine:
    """A connection that is made anew where the server has closed it in between."""

    def __init__(self, server: MailServer, smtp: smtplib.SMTP) -> None:
        self._server = server
        self._smtp: smtplib.SMTP | None = smtp
        self._is_fresh = True

    def send(self, envelope: Envelope) -> Reply:
        """Hand one message in; what the server said to it."""
        try:
            smtp = self._alive()
        except Unreachable as error:
            return Reply(Answer.TEMPORARY, words=error.words)
        began = time.monotonic()
        try:
            refusal = self._introduce(smtp, envelope)
            if refusal is not None:
                self._reset(smtp)
                return refusal
            _pour(smtp, envelope.content)
            if time.monotonic() - began > BEFORE_FINAL_SECONDS:
                self._drop()
                return Reply(Answer.TEMPORARY, words="The server took too long.")
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Reply(Answer.TEMPORARY, words=plain_words(str(error)))
        return self._finish(smtp)

    def close(self) -> None:
        """Say goodbye; a server that has gone already need not be told."""
        if self._smtp is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._smtp.quit()
        self._drop()

    def _alive(self) -> smtplib.SMTP:
        if self._smtp is not None and not self._is_fresh:
            try:
                if self._smtp.noop()[0] != 250:
                    self._drop()
            except (OSError, smtplib.SMTPException):
                self._drop()
        if self._smtp is None:
            self._smtp = _connected(self._server)
        self._is_fresh = False
        return self._smtp

    def _introduce(self, smtp: smtplib.SMTP, envelope: Envelope) -> Reply | None:
        """Sender, recipient, the wish to send; a reply only where one was refused."""
        _patience(smtp, COMMAND_SECONDS)
        code, words = smtp.mail(envelope.sender)
        if code != 250:
            return _refusal(code, words)
        code, words = smtp.rcpt(envelope.recipient)
        if code not in (250, 251):
            plain = plain_words(words)
            return Reply(answer_of(code), code, plain, is_bad_address=is_bad_address(code, plain))
        code, words = smtp.docmd("DATA")
        return None if code == 354 else _refusal(code, words)

    def _finish(self, smtp: smtplib.SMTP) -> Reply:
        """The final dot. From its first byte on, silence means that nobody knows."""
        try:
            _patience(smtp, FINAL_SECONDS)
            smtp.send(b".\r\n")
            code, words = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Reply(Answer.UNKNOWN, words=plain_words(str(error)))
        if not 200 <= code < 600:
            self._drop()
            return Reply(Answer.UNKNOWN, 0, plain_words(words))
        if code == 421:
            self._drop()
        return Reply(answer_of(code), code, plain_words(words))

    def _reset(self, smtp: smtplib.SMTP) -> None:
        try:
            if smtp.rset()[0] != 250:
                self._drop()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None


def _refusal(code: int, words: bytes) -> Reply:
    answer = answer_of(code)
    # A server that goes on where it should not is not in order: nothing was taken.
    return Reply(
        Answer.TEMPORARY if answer is Answer.ACCEPTED else answer, code, plain_words(words)
    )


def _pour(smtp: smtplib.SMTP, content: bytes) -> None:
    """The content with its dots doubled, all but the final dot."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)
    smtp.send(stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n")


def _patience(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)


def _connected(server: MailServer) -> smtplib.SMTP:
    """Connect, protect, sign in. Raises Unreachable with what went wrong."""
    try:
        smtp = _greeted(server)
    except (OSError, smtplib.SMTPException) as error:
        words = plain_words(str(error)) or type(error).__name__
        raise Unreachable(f"{server.name}: {words}") from error
    try:
        _protect(server, smtp)
        if server.user:
            smtp.login(server.user, server.password)
    except (OSError, smtplib.SMTPException) as error:
        smtp.close()
        raise Unreachable(f"{server.name}: {_why(error)}") from error
    return smtp


def _greeted(server: MailServer) -> smtplib.SMTP:
    if server.security is Security.TLS:
        return smtplib.SMTP_SSL(
            server.host, server.port, timeout=CONNECT_SECONDS, context=ssl.create_default_context()
        )
    return smtplib.SMTP(server.host, server.port, timeout=CONNECT_SECONDS)


def _protect(server: MailServer, smtp: smtplib.SMTP) -> None:
    smtp.ehlo()
    wanted = server.security is Security.STARTTLS
    offered = server.security is Security.OFFERED and smtp.has_extn("starttls")
    if wanted or offered:
        context = ssl.create_default_context()
        if server.host in ("localhost", "127.0.0.1", "::1"):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        smtp.starttls(context=context)
        smtp.ehlo()


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "the server refuses user or password"
    if isinstance(error, smtplib.SMTPResponseException):
        return plain_words(error.smtp_error)
    if isinstance(error, socket.gaierror):
        return "no such server"
    return plain_words(str(error)) or type(error).__name__
