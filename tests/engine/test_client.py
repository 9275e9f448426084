"""What goes over the wire and what the client makes of what comes back, from real sockets."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import pytest
from aiohttp import web
from engine.breaking import HEAD, hang_up, reset_at_once, saying
from engine.local import Speak, listening, ok, sending, serving, speaking, status

from li_perf.engine import transport
from li_perf.errors import TooHeavy, Unreachable
from li_perf.wire import Request

FINE = HEAD + b"Content-Length: 4\r\n\r\nfine"
STATUSES = (200, 204, 206, 301, 304, 400, 401, 403, 404, 418, 429, 451, 500, 503, 599)


@pytest.mark.parametrize("number", STATUSES)
async def test_every_status_comes_back_as_it_is(number: int) -> None:
    async def behave(_: str) -> web.StreamResponse:
        return status(number, "text", Retry_After="3")

    async with serving(behave) as server, sending(server.url) as client:
        reply = await client.send(Request(path="/a"))
    body = b"" if number in (204, 304) else b"text"
    assert (reply.status, reply.body, reply.headers["retry-after"]) == (number, body, "3")
    assert client.sent == {str(number): 1}


class Said:
    """Requests as they came, to the last byte, each answered at once on the same connection."""

    def __init__(self) -> None:
        self.bytes = b""
        self.connections = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while chunk := await reader.read(10_000):
            self.bytes += chunk
            writer.write(FINE)


async def _sent(*requests: Request, base: str = "", **how: object) -> Said:
    said = Said()
    async with listening(said.talk) as port, sending(f"http://127.0.0.1:{port}{base}", **how) as client:
        for request in requests:
            assert (await client.send(request)).body == b"fine"
    said.bytes = said.bytes.replace(f"127.0.0.1:{port}".encode(), b"HERE")
    return said


async def test_a_question_is_these_bytes_and_no_others() -> None:
    said = await _sent(Request(path="/search/1%20A"), secret=("Authorization", "Gatekeeper-Key sentinel"))
    assert said.bytes == (
        b"GET /search/1%20A HTTP/1.1\r\nHost: HERE\r\nAccept: application/json\r\n"
        b"User-Agent: li_perf (+city 311 enrichment)\r\nAccept-Encoding: gzip, deflate\r\n"
        b"Authorization: Gatekeeper-Key sentinel\r\n\r\n"
    )


async def test_a_form_makes_it_a_post() -> None:
    said = await _sent(Request(path="/sql", form={"q": "SELECT 'é'&1 = 1+1", "format": "json"}))
    head, _, body = said.bytes.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /sql HTTP/1.1\r\n")
    assert b"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d" % len(body) in head
    assert body == b"q=SELECT+%27%C3%A9%27%261+%3D+1%2B1&format=json"


async def test_a_document_makes_it_a_post_too() -> None:
    said = await _sent(Request(path="/query", json={"query": "SELECT 'é'"}))
    head, _, body = said.bytes.partition(b"\r\n\r\n")
    assert b"\r\nContent-Type: application/json\r\nContent-Length: %d" % len(body) in head
    assert body.decode() == """{"query":"SELECT 'é'"}"""


@pytest.mark.parametrize(
    ("base", "path", "target"),
    [
        ("", "/a", b"/a"),
        ("/", "/a", b"/a"),
        ("/v1", "/a", b"/v1/a"),
        ("/sql?api_key=x", "", b"/sql?api_key=x"),
        ("", "", b"/"),
        ("", "/search/%232%2F..%2F%3Fkey%3Dx%25", b"/search/%232%2F..%2F%3Fkey%3Dx%25"),
        ("", "/../a/./b", b"/../a/./b"),
    ],
)
async def test_a_path_is_sent_as_it_was_encoded_behind_the_servers_own(base: str, path: str, target: bytes) -> None:
    assert (await _sent(Request(path=path), base=base)).bytes.startswith(b"GET " + target + b" HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "path", ["/a b", "/a\r\nX-Evil: 1", "/a\n", "/a\0", "/á", "/a\x7f", "/a HTTP/1.1\r\n\r\nGET /b"]
)
async def test_a_path_with_anything_left_raw_never_leaves(path: str) -> None:
    async with speaking(saying(FINE)) as server, sending(server.url) as client:
        with pytest.raises(Unreachable):
            await client.send(Request(path=path))
    assert server.asked == []


async def test_a_secret_of_two_lines_makes_no_client() -> None:
    with pytest.raises(ValueError, match="line"):
        async with sending("http://127.0.0.1:9", secret=("X-Key", "one\r\nX-Evil: two")):
            raise AssertionError


async def test_questions_one_after_the_other_share_a_connection() -> None:
    said = await _sent(*[Request(path=f"/{number}") for number in range(20)])
    assert said.connections == 1
    assert said.bytes.count(b"GET /") == 20


@pytest.mark.parametrize("later", [0.0, 0.02], ids=["at once", "later"])
async def test_what_nobody_asked_for_is_nobodys_answer(later: float) -> None:
    """A server that answers each question twice: the second copy must not pass for the answer to the next."""

    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.read(10_000):
            name = head.split()[1]
            for pause in (0.0, later):
                await asyncio.sleep(pause)
                writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(name) + name)

    async with listening(twice) as port, sending(f"http://127.0.0.1:{port}") as client:
        for number in range(4):
            assert (await client.send(Request(path=f"/{number}"))).body.decode() == f"/{number}"
            await asyncio.sleep(3 * later)


@pytest.mark.parametrize(
    ("speak", "says"),
    [
        (hang_up, "hung up"),
        (reset_at_once, "Client(OS|ConnectionReset)Error"),
        (saying(HEAD + b"Content-Length: 100\r\n\r\nhalf"), "broke off"),
        (saying(b"SSH-2.0-OpenSSH\r\n\r\n"), "not HTTP"),
    ],
    ids=["hang-up", "reset", "cut", "no HTTP"],
)
async def test_the_transports_errors_are_one_kind_without_their_text(speak: Speak, says: str) -> None:
    async with speaking(speak) as server, sending(server.url, secret=("X-Key", "sentinel")) as client:
        with pytest.raises(Unreachable, match=says) as caught:
            await client.send(Request(path="/a"))
    assert "sentinel" not in f"{caught.value!r}{caught.value}"
    assert caught.value.__cause__ is caught.value.__context__ is None


async def test_a_body_over_the_cap_is_too_heavy_and_an_error_page_is_cut() -> None:
    async def behave(name: str) -> web.StreamResponse:
        number, length = name.split("-")
        return status(int(number), "x" * int(length))

    async with serving(behave) as server, sending(server.url, body_cap=100) as client:
        with pytest.raises(TooHeavy, match="more than 100 bytes"):
            await client.send(Request(path="/200-101"))
        assert len((await client.send(Request(path="/200-100"))).body) == 100
        assert (await client.send(Request(path="/503-101"))).status == 503
        assert (await client.send(Request(path="/200-1"))).body == b"x", "and nothing of the rest is left"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_packed_body_is_unpacked_and_kept_open_for_the_next(encoding: str) -> None:
    packed = gzip.compress(b"fine") if encoding == "gzip" else zlib.compress(b"fine")
    head = HEAD + f"Content-Encoding: {encoding}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in packed) + b"0\r\n\r\n"
    async with speaking(saying(head + chunks)) as server, sending(server.url) as client:
        assert (await client.send(Request(path="/a"))).body == b"fine"


async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    async with speaking(saying(HEAD + b"\r\n", b"fi", b"ne")) as server, sending(server.url) as client:
        assert (await client.send(Request(path="/a"))).body == b"fine"
        assert (await client.send(Request(path="/b"))).body == b"fine"


async def test_a_wait_asked_for_with_an_answer_is_capped() -> None:
    async def behave(_: str) -> web.StreamResponse:
        return ok("x", **{"Retry-After": "9999999999"})

    async with serving(behave) as server, sending(server.url) as client:
        await client.send(Request(path="/a"))
        assert 1_700 < client.pace.held <= 1_800


async def test_a_connection_that_nobody_used_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while await reader.read(10_000):
            writer.write(HEAD + b"Content-Length: 0\r\n\r\n")

    async with listening(talk) as port, sending(f"http://127.0.0.1:{port}") as client:
        for longest, so_far in ((60.0, 1), (0.0, 2), (60.0, 2)):
            monkeypatch.setattr(transport, "LONGEST_IDLE", longest)
            await asyncio.sleep(0.01)
            await client.send(Request(path="/a"))
            assert connections == so_far


async def test_an_answer_to_who_has_gone_is_nobodys() -> None:
    """Cancelled while it waits: its connection goes with it, and the answer that comes later."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.read(10_000):
            name = head.split()[1]
            await asyncio.sleep(0.05 if name == b"/late" else 0)
            writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(name) + name)

    async with listening(talk) as port, sending(f"http://127.0.0.1:{port}") as client:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.send(Request(path="/late")), 0.02)
        for number in range(5):
            assert (await client.send(Request(path=f"/{number}"))).body.decode() == f"/{number}"
            await asyncio.sleep(0.02)
