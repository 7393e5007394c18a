"""The collector: durable events a second, one a request and in batches; CPU an event.

The edge's doors under uvicorn in a process of its own, a scratch PostgreSQL that syncs to disk, and
the load from this process, all on one machine.
"""

import asyncio
import json
import multiprocessing
import os
import socket
import time
from typing import Any

from django.db import connection
from psycopg.conninfo import make_conninfo

from bench import _scene as scene

SIZE = 20_000
CONNECTIONS = 64
BATCH = 100
BATCH_CONNECTIONS = 8


def run(size: int) -> dict[str, float]:
    """Send ``size`` events one by one, then ten times as many in batches of 100."""
    with scene.scratch_database():
        url = _database_url()
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(512)
        context = multiprocessing.get_context("spawn")
        server = context.Process(target=_serve, args=(listener, url))
        server.start()
        try:
            port = listener.getsockname()[1]
            asyncio.run(_send(port, 500, each=1, connections=4))
            single = _measured(server.pid or 0, port, size, each=1, connections=CONNECTIONS)
            many = _measured(
                server.pid or 0, port, size * 10, each=BATCH, connections=BATCH_CONNECTIONS
            )
            stored = _stored()
        finally:
            server.terminate()
            server.join(10)
            listener.close()
    assert stored == 500 + size + size * 10, stored
    return {
        **{f"collector_single_{name}": value for name, value in single.items()},
        **{f"collector_batch_{name}": value for name, value in many.items()},
    }


def _database_url() -> str:
    settings = connection.settings_dict
    return make_conninfo(
        host=settings["HOST"],
        port=settings["PORT"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        dbname=settings["NAME"],
    )


def _stored() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM lake_event")
        return int(cursor.fetchone()[0])


def _serve(listener: socket.socket, url: str) -> None:
    import uvicorn  # noqa: PLC0415  (in the process of the edge, which knows nothing of the bench)

    from tandem.project.edge import Edge  # noqa: PLC0415
    from tandem.project.proxy import Upstream  # noqa: PLC0415

    edge = Edge(upstream=Upstream("/nowhere"), database_url=url)
    config = uvicorn.Config(
        edge, log_config=None, access_log=False, lifespan="on", http="httptools", loop="uvloop"
    )
    uvicorn.Server(config).run(sockets=[listener])


def _measured(pid: int, port: int, events: int, *, each: int, connections: int) -> dict[str, float]:
    backend = _backend()
    before = _cpu(pid), _cpu(backend)
    waits, seconds = asyncio.run(_send(port, events, each=each, connections=connections))
    app, database = _cpu(pid) - before[0], _cpu(backend) - before[1]
    waits.sort()
    return {
        "events_per_s": round(events / seconds),
        "p95_ms": round(waits[int(len(waits) * 0.95)] * 1000, 2),
        "app_cpu_us": round(app / events * 1e6, 1),
        "postgres_cpu_us": round(database / events * 1e6, 1),
    }


def _backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'tandem collector'"
        )
        return int(cursor.fetchone()[0])


def _cpu(pid: int) -> float:
    """User and system seconds of a process so far."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _send(
    port: int, events: int, *, each: int, connections: int
) -> tuple[list[float], float]:
    bodies = [_request(each) for _body in range(events // each)]
    waits: list[float] = []
    began = time.perf_counter()
    await asyncio.gather(*(_client(port, bodies, waits) for _one in range(connections)))
    return waits, time.perf_counter() - began


def _request(each: int) -> bytes:
    from tandem.kernel.ids import new_public_id  # noqa: PLC0415

    events = [
        {
            "id": str(new_public_id()),
            "name": "page",
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "visitor": "0192f7a0-1111-7000-8000-00000000000" + str(number % 10),
            "url": f"https://shop.example/tins/{number % 50}?utm_campaign=winter",
            "referrer": "https://www.google.com/",
            "title": "Winter tins",
            "props": {"price": 12.5, "stock": True},
        }
        for number in range(each)
    ]
    body = json.dumps({"events": events}).encode()
    head = f"POST /t/events HTTP/1.1\r\nhost: bench\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _client(port: int, bodies: list[bytes], waits: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while bodies:
        request = bodies.pop()
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 202"), head
        length = next(
            line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
        )
        answer: Any = json.loads(await reader.readexactly(int(length.split(b":")[1])))
        assert answer["dropped"] == [], answer
        waits.append(time.perf_counter() - began)
    writer.close()
