"""The part that renders pages and answers the API: Django by WSGI under granian.

One process, one granian worker inside it: whoever kills the process kills all of it, and the
supervisor sees it. More capacity is more such processes on the same socket.
"""

import logging
import socket
from collections.abc import Callable
from typing import Any

from granian._granian import SocketHolder
from granian.constants import Interfaces
from granian.server.mt import MTServer

from tandem.project import processes
from tandem.project.wsgi import application

log = logging.getLogger(__name__)

THREADS = 4


class Server(MTServer):
    """granian with its worker in this process, on a socket that is given."""

    def __init__(self, listener: socket.socket, *, threads: int) -> None:
        super().__init__(
            "tandem.project.wsgi:application",
            interface=Interfaces.WSGI,
            workers=1,
            blocking_threads=threads,
            backpressure=max(64, threads * 16),
            workers_kill_timeout=5,
            websockets=False,
            log_enabled=False,
        )
        self._listener = listener

    def _init_shared_socket(self) -> None:
        is_unix = self._listener.family == socket.AF_UNIX
        self._shd = SocketHolder(self._listener.fileno(), is_unix, 1024)  # type: ignore[assignment,call-arg]
        self._sfd = self._listener.fileno()  # type: ignore[assignment]

    def _check_gil(self) -> None:
        """granian means to keep this server for builds without the lock; it works with it."""


def serve(listener: socket.socket, *, threads: int = THREADS) -> None:
    """Serve until SIGTERM or SIGINT."""
    processes.wait_for_go()

    def load(*_args: Any) -> Callable[..., Any]:
        return application

    log.info("web serves")
    Server(listener, threads=threads).serve(target_loader=load)
