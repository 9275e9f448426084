"""The client on the loop of the extra [speed] and on Python's own: connections taken over, TLS, and hang-ups."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import trustme
from aiohttp import web
from engine.local import listening, ok, sending, serving

from li_perf.wire import Request

uvloop = pytest.importorskip("uvloop")
on_each_loop = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def tls(monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's context, whose authority this process trusts."""
    authority, served = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trusting = ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(served)
    authority.configure_trust(trusting)
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", trusting)
    return served


@on_each_loop
@pytest.mark.parametrize("is_secret", [False, True], ids=["plain", "TLS"])
def test_everybody_gets_their_own_answer_whole(run: Run, is_secret: bool, tls: ssl.SSLContext) -> None:
    async def behave(name: str) -> web.StreamResponse:
        return ok("x" * 200_000 + name)

    async def main() -> None:
        async with serving(behave, tls=tls if is_secret else None) as server, sending(server.url) as client:
            asked = [Request(path=f"/{number}") for number in range(100)]
            replies = await asyncio.gather(*map(client.send, asked))
            assert [reply.body[200_000:].decode() for reply in replies] == [str(number) for number in range(100)]
            assert client.sent == {"200": 100}

    run(main())


@on_each_loop
def test_connections_closed_behind_each_answer_cost_no_call(run: Run) -> None:
    """Without a word of it in the headers, and with the next call ready to go."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async def main() -> None:
        async with listening(talk) as port, sending(f"http://127.0.0.1:{port}") as client:
            for number in range(100):
                await client.send(Request(path=f"/{number}"))
            assert client.sent == {"200": 100}

    run(main())
