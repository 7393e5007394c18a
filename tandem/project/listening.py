"""Sockets that the parts serve on: handed down by the supervisor, or bound here."""

import errno
import os
import socket
from pathlib import Path

from tandem.project.faults import OperatorError

LISTEN = "TANDEM_LISTEN_FD"
"""Names the listening socket a part inherits: while the part is away, callers wait in it."""

BACKLOG = 1024


def public_socket(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises OperatorError where the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted connections take it over; without it, small answers wait for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise OperatorError(
                f"Port {port} of {host} is in use by another program; name another with --port."
            ) from error
        raise OperatorError(f"{host}:{port} cannot be served on: {error}.") from error
    listener.listen(BACKLOG)
    return listener


def private_socket(path: Path) -> socket.socket:
    """A listening unix socket in a private folder, in place of one left by a dead process."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(BACKLOG)
    return listener


def inherited_socket() -> socket.socket | None:
    """The socket the supervisor handed down, None for a part started by hand."""
    given = os.environ.pop(LISTEN, None)
    if given is None:
        return None
    listener = socket.socket(fileno=int(given))
    listener.set_inheritable(False)
    return listener


def url_of(listener: socket.socket, *, host: str) -> str:
    """The address a person types for a socket."""
    port = listener.getsockname()[1]
    shown = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}.get(host)  # noqa: S104
    if shown is None:
        shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"
