"""A portal on a loopback socket: outage, rate, delay, mishap, answer, in this order; what it was asked is counted.

Faults that are said of Carto hold for it: `carto_rate`, `carto_partial_share`, `carto_timeout_rows`, outages `@carto`.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

import msgspec
from aiohttp import web

from li_perf.simulator.faults import Faults
from li_perf.simulator.mishaps import Gate, any_error, spoiled
from li_perf.simulator.portals.rows import Rows
from li_perf.simulator.reply import Reply
from li_perf.simulator.sending import GRACE_SECONDS, is_loopback, send
from li_perf.simulator.weather import Mishap, Weather


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request: its path below the portal's address, its parameters, its headers, a JSON body."""

    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    json: Any = None


class Speaker(Protocol):
    """One kind of portal; it may take its time, as it is asked in a thread."""

    @property
    def rows(self) -> Rows:
        """Its data set."""

    def kind(self, asked: Asked) -> str:
        """`page`, `census`, `look` or `other`, for the counts."""

    def answer(self, asked: Asked, faults: Faults) -> Reply:
        """What the portal says, in sun and rain."""

    def busy(self, wait: float) -> Reply:
        """It was asked too often."""

    def denied(self) -> Reply:
        """It refuses the key."""

    def failed(self) -> Reply:
        """Its own server error."""

    def cut(self, reply: Reply) -> Reply:
        """An answer that the portal itself breaks off, with status 200."""


@dataclass(slots=True, kw_only=True)
class StandIn:
    """A running stand-in: where it is, its rows, what it was asked."""

    url: str
    rows: Rows
    weather: Weather
    asked: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    log: deque[str] = field(default_factory=lambda: deque(maxlen=100_000))

    def change(self, faults: Faults) -> None:
        self.weather.change(faults)


@asynccontextmanager
async def serve(
    speaker: Speaker, *, faults: Faults = Faults(), host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[StandIn]:
    """Serves the portal until the block ends; port 0 takes a free one. Raises ValueError for no loopback host."""
    if not is_loopback(host):
        raise ValueError(f"The simulation serves loopback addresses only, not {host!r}: use 127.0.0.1.")
    weather = Weather(faults, asyncio.get_running_loop().time)
    running = StandIn(url="", rows=speaker.rows, weather=weather)
    desk = _Desk(speaker, running, Gate(weather, asyncio.Event()))
    runner = web.ServerRunner(web.Server(desk.respond, access_log=None), shutdown_timeout=GRACE_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        running.url = f"http://{f'[{host}]' if ':' in host else host}:{runner.addresses[0][1]}"
        yield running
    finally:
        desk.gate.closing.set()
        await runner.cleanup()
        speaker.rows.close()


@dataclass(slots=True)
class _Desk:
    speaker: Speaker
    running: StandIn
    gate: Gate
    pages: int = 0

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = await _asked(request)
        kind = self.speaker.kind(asked)
        self.running.asked[kind] += 1
        self.running.log.append(request.raw_path)
        reply = await self._reply(asked, kind)
        self.running.statuses[0 if reply.cut is not None else reply.status] += 1
        return await send(request, reply)

    async def _reply(self, asked: Asked, kind: str) -> Reply:
        weather = self.gate.weather
        outage = await self.gate.outage("carto")
        if outage:
            return outage
        if weather.faults.denied:
            return self.speaker.denied()
        wait = weather.carto.wait(weather.clock()) if weather.carto else 0.0
        if wait:
            return self.speaker.busy(wait)
        await self.gate.wait(weather.delay())
        mishap = weather.mishap("carto", f"{asked.path} {asked.parameters} {asked.json}")
        if mishap is Mishap.ERROR:
            return any_error(weather, self.speaker.failed())
        self._drift(kind)
        reply = await asyncio.to_thread(self.speaker.answer, asked, weather.faults)
        if mishap is Mishap.PARTIAL and reply.status == 200:
            return self.speaker.cut(reply)
        return spoiled(reply, mishap, weather) if mishap in (Mishap.RESET, Mishap.GARBAGE) else reply

    def _drift(self, kind: str) -> None:
        """Columns go and come behind so many pages."""
        faults = self.gate.weather.faults
        if self.pages >= faults.drift_after_pages:
            self.speaker.rows.show(drop=faults.drop_columns, add=faults.add_columns)
        self.pages += kind == "page"


async def _asked(request: web.BaseRequest) -> Asked:
    parts = urlsplit(request.raw_path)
    try:
        body = msgspec.json.decode(await request.read() or b"null")
    except ValueError:
        body = None
    parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Asked(path=request.path, parameters=parameters, headers=request.headers, json=body)


def as_body(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply in compact JSON."""
    return Reply(status=status, body=msgspec.json.encode(body), headers=headers or {})
