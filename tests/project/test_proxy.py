"""The proxy against a real upstream that misbehaves as it is told."""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tandem.project import edge as edge_module
from tandem.project import proxy
from tandem.project.edge import Edge, networks
from tandem.project.proxy import Upstream

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def ask(app, method="GET", path="/", *, headers=(), body=(b"",), peer="9.9.9.9"):
    """One request to an ASGI application; status, headers, body."""
    blocks, sent = list(body), []

    async def receive():
        block = blocks.pop(0)
        return {"type": "http.request", "body": block, "more_body": bool(blocks)}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": b"", "scheme": "http", "client": (peer, 5), "headers": list(headers),
    }  # fmt: skip
    await app(scope, receive, send)
    return (
        sent[0]["status"],
        dict(sent[0]["headers"]),
        b"".join(message.get("body", b"") for message in sent[1:]),
    )


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if line)
    body = b""
    if "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    elif headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    return lines[0], headers, body


async def echo(reader, writer):
    with contextlib.suppress(asyncio.IncompleteReadError):
        while True:
            line, headers, body = await read_request(reader)
            told = json.dumps({"line": line, "headers": headers, "size": len(body)}).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nserver: x\r\ncontent-length: %d\r\n\r\n" % len(told)
                + (b"" if line.startswith("HEAD") else told)
            )


def run(behaviour: Behaviour, scenario, **options):
    """Run a scenario with an edge in front of an upstream."""

    async def main():
        connections = []

        async def serve(reader, writer):
            connections.append(writer)
            try:
                await behaviour(reader, writer)
            finally:
                writer.close()

        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "s")
            server = await asyncio.start_unix_server(serve, path)
            edge = Edge(upstream=Upstream(path), **options)
            async with server:
                try:
                    return await scenario(edge), len(connections)
                finally:
                    edge.upstream.close()
                    await asyncio.sleep(0.01)

    return asyncio.run(main())


def test_where_a_request_came_from_is_our_word_and_not_the_callers():
    async def scenario(edge):
        return await ask(
            edge,
            headers=[
                (b"host", b"crm.example"), (b"x-forwarded-for", b"6.6.6.6"),
                (b"x_forwarded_for", b"6.6.6.6"), (b"x-forwarded-proto", b"https"),
                (b"connection", b"close, x-secret"), (b"x-secret", b"1"), (b"accept", b"*/*"),
            ],
        )  # fmt: skip

    (status, headers, body), _ = run(echo, scenario)

    seen = json.loads(body)["headers"]
    request_id = seen.pop("x-request-id")
    assert status == 200
    assert seen == {
        "host": "crm.example",
        "accept": "*/*",
        "x-forwarded-for": "9.9.9.9",
        "x-forwarded-proto": "http",
        "x-forwarded-host": "crm.example",
    }
    assert headers[b"x-request-id"].decode() == request_id
    assert b"server" not in headers


def test_a_trusted_proxy_in_front_is_believed():
    async def scenario(edge):
        return await ask(
            edge,
            peer="10.0.0.7",
            headers=[
                (b"host", b"inner"), (b"x-forwarded-for", b"6.6.6.6"),
                (b"x-forwarded-proto", b"https"), (b"x-forwarded-host", b"crm.example"),
            ],
        )  # fmt: skip

    (_, _, body), _ = run(echo, scenario, trusted=networks("10.0.0.0/8"))

    seen = json.loads(body)["headers"]
    assert seen["x-forwarded-for"] == "6.6.6.6, 10.0.0.7"
    assert (seen["x-forwarded-proto"], seen["x-forwarded-host"]) == ("https", "crm.example")


def test_connections_are_kept_and_head_answers_have_no_body():
    async def scenario(edge):
        return [await ask(edge, method) for method in ("GET", "HEAD", "GET")]

    answers, connections = run(echo, scenario)

    assert [status for status, _, _ in answers] == [200, 200, 200]
    assert [bool(body) for _, _, body in answers] == [True, False, True]
    assert connections == 1


@pytest.mark.parametrize("with_length", [True, False])
def test_a_body_of_many_blocks_arrives_whole(with_length):
    async def scenario(edge):
        length = [(b"content-length", b"3000")] if with_length else []
        return await ask(edge, "POST", body=[b"x" * 1000] * 3, headers=length)

    (_, _, body), _ = run(echo, scenario)

    assert json.loads(body)["size"] == 3000


def test_a_body_beyond_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(edge_module, "LARGEST_BODY_BYTES", 2000)

    async def scenario(edge):
        told = await ask(edge, "POST", "/api/v1/x", headers=[(b"content-length", b"2001")])
        hidden = await ask(edge, "POST", "/api/v1/x", body=[b"x" * 1000] * 3)
        return told, hidden

    (told, hidden), _ = run(echo, scenario)

    assert (told[0], hidden[0]) == (413, 413)
    assert json.loads(told[2])["code"] == "too_large"


def test_a_read_is_repeated_once_and_a_write_never():
    served = []

    async def drops_the_first(reader, writer):
        line, _, _ = await read_request(reader)
        served.append(line.split()[0])
        if len(served) in {1, 3}:
            return
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await reader.read(1)

    async def scenario(edge):
        read = await ask(edge)
        edge.upstream.close()
        return read, await ask(edge, "POST", "/api/v1/x", headers=[(b"content-length", b"0")])

    ((read, write), _) = run(drops_the_first, scenario)

    assert read[0] == 204
    assert (write[0], json.loads(write[2])["code"]) == (502, "interrupted")
    assert served == ["GET", "GET", "POST"]


def test_a_read_outlives_a_process_with_many_connections():
    """All of them were idle and break as they are used, as those of a killed process do."""
    old: list[asyncio.StreamWriter | None] = []

    async def dies_after_four(reader, writer):
        if len(old) < 4:
            old.append(writer)
        while True:
            await read_request(reader)
            if len(old) == 5 and writer in old:
                return
            while len(old) < 4:
                await asyncio.sleep(0)
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async def scenario(edge):
        first = await asyncio.gather(*(ask(edge) for _ in range(4)))
        old.append(None)
        return [answer[0] for answer in first], (await ask(edge))[0]

    (statuses, _) = run(dies_after_four, scenario)

    assert statuses == ([204] * 4, 204)


def test_a_read_that_kills_whoever_takes_it_is_given_up():
    served = []

    async def dies(reader, writer):
        served.append((await read_request(reader))[0])

    (answer, _) = run(dies, ask)

    assert (answer[0], len(served)) == (503, 3)


def test_an_upstream_that_is_away_is_a_page_for_people_and_json_for_programs(monkeypatch):
    monkeypatch.setattr(proxy, "CONNECT_SECONDS", 0.05)

    async def scenario(edge):
        edge.upstream.address += "-gone"
        return await ask(edge), await ask(edge, path="/api/v1/people")

    (page, api), _ = run(echo, scenario)

    assert (page[0], api[0]) == (503, 503)
    assert page[1][b"retry-after"] == b"2"
    assert b'<html lang="en">' in page[2]
    assert b"<h1>" in page[2]
    assert json.loads(api[2]) == {
        "code": "unavailable",
        "message": "Tandem is starting or busy. Try again.",
        "errors": [],
    }


def test_an_answer_without_length_ends_with_the_connection():
    async def until_close(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nabc")
        await writer.drain()

    (answer, _) = run(until_close, ask)

    assert (answer[0], answer[2]) == (200, b"abc")


def test_an_answer_cut_off_is_not_passed_for_a_whole_one():
    async def cut_off(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
        await writer.drain()

    with pytest.raises(proxy.UpstreamBrokenError):
        run(cut_off, ask)


def test_words_on_the_way_are_skipped():
    async def early(reader, writer):
        await read_request(reader)
        writer.write(
            b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
        )
        await writer.drain()
        await reader.read(1)

    (answer, _) = run(early, ask)

    assert (answer[0], answer[2], b"link" in answer[1]) == (200, b"ok", False)


def test_paths_between_the_parts_are_hidden_and_health_is_told():
    async def inner(reader, writer):
        line, _, _ = await read_request(reader)
        assert line == "GET /-/health HTTP/1.1"
        body = b'{"status": "unavailable", "failing": ["worker"]}'
        writer.write(b"HTTP/1.1 503 X\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        await reader.read(1)

    async def scenario(edge):
        return await ask(edge, path="/-/health"), await ask(edge, path="/healthz")

    ((hidden, health), _) = run(inner, scenario)

    assert hidden[0] == 404
    assert (health[0], json.loads(health[2])["failing"]) == (503, ["worker"])


@pytest.mark.parametrize(
    ("peer", "token", "given", "status"),
    [
        ("127.0.0.1", None, b"", 200),
        ("9.9.9.9", None, b"", 403),
        ("127.0.0.1", "s", b"", 403),
        ("9.9.9.9", "s", b"Bearer s", 200),
    ],
)
def test_metrics_are_for_this_machine_or_the_bearer_of_the_token(peer, token, given, status):
    async def scenario(edge):
        headers = [(b"authorization", given)] if given else []
        return await ask(edge, path="/metrics", peer=peer, headers=headers)

    (answer, _) = run(echo, scenario, metrics_token=token)

    assert answer[0] == status
