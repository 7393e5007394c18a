"""Start of the whole product, its recovery after kills, and the price of the edge in front."""

import http.client
import os
import shutil
import socket
import statistics
import tempfile
import time
from pathlib import Path

from tandem.project.home import Home
from tandem.project.postgres import Cluster
from tests.faults.tree import Tree

SIZE = 3

REQUESTS = 1000


def run(size: int) -> dict[str, float]:
    """Start an empty home once and a made one `size` times; kill each part once."""
    folder = Path(tempfile.mkdtemp(prefix="tandem-bench-"))
    folder.chmod(0o755)
    home = folder / "home"
    try:
        with Tree(home) as tree:
            figures = {"cold_start_ms": _ms(tree.ready_seconds)}
        starts, pages = [], []
        for _ in range(size):
            with Tree(home) as tree:
                starts.append(tree.ready_seconds)
                begun = time.perf_counter()
                tree.ask("GET", "/")
                pages.append(starts[-1] + time.perf_counter() - begun)
        figures["warm_start_ms"] = _ms(statistics.median(starts))
        figures["first_page_ms"] = _ms(statistics.median(pages))
        with Tree(home) as tree:
            for part in ("postgres", "web", "edge", "worker"):
                figures[f"recovery_{part}_ms"] = _ms(tree.kill(part))
                time.sleep(1)
            figures |= _price_of_the_edge(tree)
        return figures
    finally:
        Cluster(Home(path=home)).remove()
        shutil.rmtree(folder, ignore_errors=True)


def _price_of_the_edge(tree: Tree) -> dict[str, float]:
    """CPU of edge and web for one page fetched over a kept connection, and both ways' time."""
    pids = tree.parts()
    through = http.client.HTTPConnection(tree.url.removeprefix("http://"))
    direct = _UnixConnection(Home(path=tree.home).web_socket)
    figures: dict[str, float] = {}
    for name, connection, path in (
        ("direct", direct, "/-/health"),
        ("through_edge", through, "/healthz"),
    ):
        before = {part: sum(map(_cpu_seconds, pids[part])) for part in ("edge", "web")}
        begun = time.perf_counter()
        for _ in range(REQUESTS):
            connection.request("GET", path)
            connection.getresponse().read()
        figures[f"{name}_us"] = round((time.perf_counter() - begun) / REQUESTS * 1e6)
        if name == "through_edge":
            for part, seconds in before.items():
                spent = sum(map(_cpu_seconds, pids[part])) - seconds
                figures[f"{part}_cpu_us"] = round(spent / REQUESTS * 1e6)
        connection.close()
    return figures


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket, to ask the pages without the edge."""

    def __init__(self, path: Path) -> None:
        super().__init__("tandem.internal")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ms(seconds: float) -> float:
    return round(seconds * 1000)
