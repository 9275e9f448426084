"""Faults on the wire, from real sockets: each is an Unreachable or an answer, in bounded time and memory."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import tracemalloc
import zlib

import pytest
from aiohttp import web
from engine.breaking import HEAD, continues, drip, dripping_headers, endless_headers, hang_up, reset, saying, silence
from engine.local import Speak, listening, ok, sending, serving, speaking, status
from engine.virtual import in_virtual_time, now

from li_perf.engine.client import Client
from li_perf.errors import TooHeavy, Unreachable
from li_perf.wire import Request


@pytest.mark.parametrize(
    "speak",
    [
        hang_up,
        reset,
        endless_headers,
        saying(b"\x00\x01garbage\r\n\r\n"),
        saying(HEAD + b"Content-Length: 100\r\n\r\nhalf"),
        saying(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        saying(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!"),
    ],
    ids=["hang-up", "reset", "endless headers", "garbage", "cut short", "bad chunk", "not gzip"],
)
async def test_what_breaks_on_the_wire_is_unreachable_after_one_request(speak: Speak) -> None:
    async with speaking(speak) as server, sending(server.url, secret=("X-Key", "sentinel")) as client:
        with pytest.raises(Unreachable) as caught:
            await client.send(Request(path="/a"))
    assert len(server.asked) == 1
    assert "sentinel" not in repr(caught.value)
    assert caught.value.__context__ is None


async def test_a_call_that_hangs_up_is_never_repeated_behind_our_back() -> None:
    async with speaking(hang_up) as server, sending(server.url) as client:
        for _ in range(3):
            with pytest.raises(Unreachable, match="hung up"):
                await client.send(Request(path="/a"))
    assert len(server.asked) == 3
    assert sum(client.sent.values()) == 3


@pytest.mark.parametrize("place", [1, 7, 17, 25, 40])
async def test_half_a_second_answer_that_nobody_asked_for_is_not_the_beginning_of_the_next(place: int) -> None:
    def answer(name: bytes) -> bytes:
        return HEAD + b"Content-Length: %d\r\n\r\n" % len(name) + name

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = answer((await reader.readuntil(b"\r\n\r\n")).split()[1])
        writer.write(first + first[:place])
        second = answer((await reader.readuntil(b"\r\n\r\n")).split()[1])
        writer.write(first[place:])
        await asyncio.sleep(0.02)
        writer.write(second)
        await asyncio.sleep(0.02)

    async with listening(talk) as port, sending(f"http://127.0.0.1:{port}") as client:
        for number in range(4):
            with contextlib.suppress(Unreachable):
                assert (await client.send(Request(path=f"/{number}"))).body == b"/%d" % number


async def test_a_refused_connection_is_unreachable() -> None:
    async with serving(lambda _: silence(None, None)) as server:  # type: ignore[arg-type,return-value]
        pass
    async with sending(server.url) as client:
        with pytest.raises(Unreachable, match="no connection"):
            await client.send(Request(path="/a"))


@in_virtual_time
async def test_https_to_a_plain_port_is_unreachable() -> None:
    async with (
        speaking(saying(HEAD + b"\r\n")) as server,
        sending(server.url.replace("http:", "https:")) as client,
    ):
        with pytest.raises(Unreachable):
            await client.send(Request(path="/a"))


@pytest.mark.parametrize("speak", [drip, dripping_headers, continues], ids=["body", "headers", "1xx"])
def test_a_slow_drip_is_ended_by_the_whole_calls_timeout(speak: Speak) -> None:
    @in_virtual_time
    async def run() -> None:
        async with speaking(speak) as server, sending(server.url, timeout=30.0, patience=10.0) as client:
            start = now()
            with pytest.raises(Unreachable, match="no answer within 30 s"):
                await client.send(Request(path="/a"))
            assert 29 < now() - start < 32

    run()


@in_virtual_time
async def test_silence_ends_after_the_patience_between_reads() -> None:
    async with speaking(silence) as server, sending(server.url, timeout=30.0, patience=10.0) as client:
        start = now()
        with pytest.raises(Unreachable):
            await client.send(Request(path="/a"))
        assert now() - start < 12


@in_virtual_time
async def test_waiting_for_the_pace_or_a_hold_does_not_count_as_the_calls_time() -> None:
    async with serving(_fine) as server, sending(server.url, timeout=5.0, rate=0.05) as client:
        client.pace.hold(3_600)
        start = now()
        await asyncio.gather(*(client.send(Request(path="/a")) for _ in range(5)))
        assert 3_600 + 4 * 20 - 1 < now() - start < 3_700


async def _fine(_: str) -> web.Response:
    return ok()


async def test_a_gzip_bomb_costs_no_more_than_the_cap() -> None:
    bomb = gzip.compress(bytes(100_000_000), 9)

    async def explode(_: str) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    async with serving(explode) as server, sending(server.url) as client:
        await _warmed(client)
        tracemalloc.start()
        with pytest.raises(TooHeavy):
            await client.send(Request(path="/a"))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 20_000_000


async def _warmed(client: Client) -> None:
    with pytest.raises(TooHeavy):
        await client.send(Request(path="/a"))


async def test_a_truncated_gzip_stream_never_passes_for_the_whole() -> None:
    whole = b'{"features": [' + b"1, " * 500 + b"1]}"
    cut = gzip.compress(whole)[:-20]

    async def cut_short(_: str) -> web.Response:
        return web.Response(body=cut, headers={"Content-Encoding": "gzip"})

    async with serving(cut_short) as server, sending(server.url) as client:
        with contextlib.suppress(Unreachable):
            assert (await client.send(Request(path="/a"))).body != whole


async def test_deflate_and_gzip_bodies_are_read() -> None:
    async def packed(name: str) -> web.Response:
        pack = {"gzip": gzip.compress, "deflate": zlib.compress}[name]
        return web.Response(body=pack(b"text"), headers={"Content-Encoding": name})

    async with serving(packed) as server, sending(server.url) as client:
        for name in ("gzip", "deflate"):
            assert (await client.send(Request(path=f"/{name}"))).body == b"text"


async def test_a_redirect_is_an_answer_and_the_key_stays_at_home() -> None:
    heard: list[str] = []

    async def stranger(name: str) -> web.Response:
        heard.append(name)
        return ok()

    async with serving(stranger) as elsewhere:

        async def away(_: str) -> web.Response:
            return status(302, Location=f"{elsewhere.url}/stolen")

        async with serving(away) as server, sending(server.url, secret=("X-Key", "sentinel")) as client:
            assert (await client.send(Request(path="/a"))).status == 302
    assert heard == []


async def test_only_real_answers_tell_how_fast_the_server_is() -> None:
    async def behave(name: str) -> web.Response:
        return status(int(name))

    async with serving(behave) as server, sending(server.url) as client:
        counted: list[float] = []
        client.limit.answered = counted.append  # type: ignore[method-assign]
        for code in (503, 429, 500, 403, 400):
            await client.send(Request(path=f"/{code}"))
        assert counted == []
        for code in (200, 404):
            await client.send(Request(path=f"/{code}"))
        assert len(counted) == 2
