"""Servers on loopback that behave as told and note what they were asked, and askers of them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from li_perf.engine.ask import Asker
from li_perf.engine.client import Client
from li_perf.engine.halt import Halt
from li_perf.engine.heartbeat import Heartbeat
from li_perf.engine.question import Question
from li_perf.engine.server import Server
from li_perf.errors import Astray, Blocked, Broken, Busy, Denied, Garbled, Rejected
from li_perf.wire import Reply, Request, retry_after

Behave = Callable[[str], Awaitable[web.StreamResponse]]
Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
KNOWN = "known"


@dataclass(frozen=True, kw_only=True)
class Local:
    """A server at `url`; `asked` are the wire requests: when, and the path's last part; `heads` as they came."""

    url: str
    asked: list[tuple[float, str]] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [name for _, name in self.asked]

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.asked]


@asynccontextmanager
async def serving(
    behave: Behave, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Local]:
    """A well-formed HTTP server; `behave` is given the path's last part."""
    asked: list[tuple[float, str]] = []

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        asked.append((asyncio.get_running_loop().time(), name))
        return await behave(name)

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.05)
    await runner.setup()
    site = web.TCPSite(runner, host, 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield Local(url=f"http{'s' if tls else ''}://{f'[{host}]' if ':' in host else host}:{port}", asked=asked)
    finally:
        await runner.cleanup()


@asynccontextmanager
async def listening(talk: Speak, *, port: int = 0) -> AsyncIterator[int]:
    """A port where each connection is given to `talk`, and closed behind it."""
    talks: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.current_task())  # type: ignore[arg-type]
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


@asynccontextmanager
async def speaking(speak: Speak, *, port: int = 0) -> AsyncIterator[Local]:
    """A server that writes raw bytes, after it has read a request's head."""
    asked: list[tuple[float, str]] = []
    heads: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        asked.append((asyncio.get_running_loop().time(), head.split()[1].decode().rpartition("/")[2]))
        await speak(reader, writer)

    async with listening(talk, port=port) as here:
        yield Local(url=f"http://127.0.0.1:{here}", asked=asked, heads=heads)


class Awake(Heartbeat):
    """A heartbeat of a machine that never sleeps: hours may pass without a beat."""

    def slept_since(self, start: float) -> bool:
        return False


FAULTS = {400: Rejected, 403: Blocked, 429: Busy, 500: Broken, 502: Broken, 503: Broken, 301: Astray, 302: Astray}


def read(reply: Reply) -> str:
    """What these servers' answers mean: text."""
    if reply.status == 200 and reply.body:
        return reply.body.decode()
    if reply.status == 404:
        return "missing"
    if reply.status == 401:
        raise Denied("Local refused the key.")
    fault = FAULTS.get(reply.status, Garbled)
    raise fault(f"Local says {reply.status}.", status=reply.status, wait=retry_after(reply.headers))


def question(name: str) -> Question[str]:
    return Question(key=name, request=Request(path=f"/{name}"), read=read)


def local_server(url: str, **how: Any) -> Server:
    return Server(**({"name": "Local", "base_url": url, "rate": None} | how))


@asynccontextmanager
async def asking(
    url: str,
    *,
    known: Question[object] | None = None,
    halt: Halt | None = None,
    heartbeat: Heartbeat | None = None,
    **how: Any,
) -> AsyncIterator[Asker]:
    """An asker of a server, described by what differs from the usual."""
    halt = halt or Halt()
    known = known or Question(key=KNOWN, request=Request(path=f"/{KNOWN}"), read=read)
    async with Client(local_server(url, **how), halt=halt) as client:
        yield Asker(client, known_good=known, halt=halt, heartbeat=heartbeat or Awake())


@asynccontextmanager
async def sending(url: str, **how: Any) -> AsyncIterator[Client]:
    async with Client(local_server(url, **how), halt=Halt()) as client:
        yield client


def ok(text: str = "fine", **headers: str) -> web.Response:
    return web.Response(text=text, headers=headers)


def status(number: int, text: str = "", **headers: str) -> web.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(status=number, text=text, headers=named)


def most_in_a_second(times: list[float]) -> int:
    """The largest number of moments in any second, its end left out."""
    return max((sum(start <= at < start + 1 for at in times) for start in times), default=0)
