"""The demo's own mail server: it takes every mail and passes none on.

So the demo walks the whole way of a mail, over a real wire, and still writes to nobody outside.
It listens on loopback only. The latest mails are kept as files beside the sockets, where whoever
runs the demo can read them.
"""

import asyncio
import logging
import signal
import socket
from pathlib import Path

from aiosmtpd import smtp

from tandem.project import processes
from tandem.project.home import Home, make_dir

log = logging.getLogger(__name__)

KEPT = 200
LARGEST_BYTES = 10_000_000


class Keeper:
    """Takes mails in and keeps the latest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        make_dir(folder, mode=0o700)
        self._number = max((int(path.stem) for path in folder.glob("*.eml")), default=0)

    async def handle_DATA(  # noqa: N802  (aiosmtpd's name)
        self, server: smtp.SMTP, session: smtp.Session, envelope: smtp.Envelope
    ) -> str:
        """Keep a mail, forget the oldest."""
        content = envelope.content
        self._number += 1
        path = self._folder / f"{self._number:08d}.eml"
        path.write_bytes(content if isinstance(content, bytes) else b"")
        (self._folder / f"{self._number - KEPT:08d}.eml").unlink(missing_ok=True)
        return "250 2.0.0 kept by the demo, passed on to nobody"


def folder_of(home: Home) -> Path:
    """Where the demo's mails are."""
    return home.run_dir / "mail"


def run(home: Home, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    processes.wait_for_go()
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    asyncio.run(_serve(Keeper(folder_of(home)), listener))


async def _serve(keeper: Keeper, listener: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)

    def protocol() -> smtp.SMTP:
        return smtp.SMTP(keeper, loop=loop, hostname="demo.invalid", data_size_limit=LARGEST_BYTES)

    server = await loop.create_server(protocol, sock=listener)
    log.info("the demo's mail server serves")
    await stopping.wait()
    server.close()
