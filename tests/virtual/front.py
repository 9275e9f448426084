"""The two servers of a simulated city on loopback, out of order as a plan says; they note what befell each request."""

from __future__ import annotations

import asyncio
import math
import socket
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web
from virtual.plan import SERVERS, Kind, Mishap, Outage, Plan

from li_perf.simulator.ais import Ais, Asked
from li_perf.simulator.carto import Carto, parameters, too_many_requests
from li_perf.simulator.city import SimulatedCity
from li_perf.simulator.faults import Faults
from li_perf.simulator.mishaps import BAD_KEY, MAINTENANCE, proxy_error, server_error, unauthorized
from li_perf.simulator.reply import Reply, as_html, as_json

DRIP_SECONDS = 3.0  # a byte: no read waits too long
FOREVER = 900.0  # longer than any client waits
LATE = "late"  # the client had gone when the answer was ready
HEAVY = "too heavy"
BASES = {"ais": "/ais/v2", "carto": "/carto/api/v2/sql"}


@dataclass(slots=True, kw_only=True)
class Seen:
    """One wire request. `fault` is what befell it, None where it was answered well."""

    at: float
    server: str
    what: str
    session: int
    is_over: bool = False
    fault: str | None = None


@dataclass(kw_only=True)
class Front:
    """Answers by the plan; `log` has every request, `session` numbers the runs of the client."""

    plan: Plan
    ais: Ais
    carto: Carto
    poison: frozenset[str]
    clock: Callable[[], float] = field(default_factory=lambda: asyncio.get_running_loop().time)
    session: int = 0
    urls: dict[str, str] = field(default_factory=dict)
    log: list[Seen] = field(default_factory=list)
    _times: Counter[tuple[str, str]] = field(default_factory=Counter)
    _accepted: dict[str, deque[float]] = field(default_factory=lambda: {name: deque() for name in SERVERS})

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def age(self) -> float:
        return self.clock() - self.started

    def spoil_open(self, fault: str) -> None:
        """What is being answered now does not count as answered well."""
        for seen in self.log:
            if not seen.is_over:
                seen.fault = seen.fault or fault

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        server = "ais" if request.raw_path.startswith(BASES["ais"]) else "carto"
        asked = await self._asked(server, request)
        what = asked.query if isinstance(asked, Asked) else asked.get("q", "")
        seen = Seen(at=self.age, server=server, what=what, session=self.session)
        self.log.append(seen)
        self._times[server, what] += 1
        try:
            return await self._answer(request, seen, asked)
        finally:
            seen.is_over = True

    async def _asked(self, server: str, request: web.BaseRequest) -> Asked | dict[str, str]:
        if server == "ais":
            asked = self.ais.read(request.raw_path.removeprefix(BASES["ais"]))
            assert isinstance(asked, Asked), request.raw_path
            return asked
        body = await request.read()
        return parameters(request.raw_path.partition("?")[2], body, request.headers.get("Content-Type", ""))

    async def _answer(self, request: web.BaseRequest, seen: Seen, asked: Asked | dict[str, str]) -> web.StreamResponse:
        outage = self.plan.outage(seen.server, seen.at)
        if outage is None and (refusal := self._refusal(seen.server)):
            seen.fault = "ceiling"
            return _plain(refusal)
        if outage is None:
            await asyncio.sleep(self.plan.delay(seen.at))
            outage = self.plan.outage(seen.server, self.age)  # it may have begun meanwhile
        if request.transport is None or request.transport.is_closing():
            seen.fault = seen.fault or LATE
        if outage is not None:
            return await self._out_of_order(outage, request, seen, asked)
        if mishap := self._mishap(seen):
            seen.fault = mishap
            return await self._mishandled(mishap, request, asked)
        reply = await self._good(asked)
        if reply.status == 429:
            seen.fault = seen.fault or HEAVY
        return _plain(reply)

    def _mishap(self, seen: Seen) -> Mishap | None:
        if seen.what in self.poison:
            return self.plan.poison_kind
        return self.plan.mishap(seen.server, seen.what, self._times[seen.server, seen.what])

    async def _good(self, asked: Asked | dict[str, str]) -> Reply:
        return self.ais.answer(asked) if isinstance(asked, Asked) else await self.carto.answer(asked)

    def _refusal(self, server: str) -> Reply | None:
        ceiling, accepted = self.plan.ceilings.get(server), self._accepted[server]
        if ceiling is None:
            return None
        while accepted and accepted[0] <= self.age - ceiling.seconds:
            accepted.popleft()
        if len(accepted) < ceiling.count:
            accepted.append(self.age)
            return None
        wait = math.ceil(accepted[0] + ceiling.seconds - self.age)
        return _busy(server, {"Retry-After": str(max(1, wait))} if ceiling.says_when else {})

    async def _out_of_order(
        self, outage: Outage, request: web.BaseRequest, seen: Seen, asked: Asked | dict[str, str]
    ) -> web.StreamResponse:
        seen.fault, left = outage.kind, outage.end - self.age
        if outage.kind is Kind.HANG:
            await asyncio.sleep(left)
        if outage.kind in (Kind.HANG, Kind.REFUSED, Kind.RESET):
            return _cut(request)
        if outage.kind is Kind.DATABASE_DOWN and isinstance(asked, Asked):
            reply = self.ais.broken(asked)
            if reply == self.ais.answer(asked):  # the parser alone answers it
                seen.fault = None
            return _plain(reply)
        return _plain(_refused(outage, left))

    async def _mishandled(
        self, mishap: Mishap, request: web.BaseRequest, asked: Asked | dict[str, str]
    ) -> web.StreamResponse:
        if mishap is Mishap.HANG:
            await asyncio.sleep(FOREVER)
        if mishap in (Mishap.HANG, Mishap.RESET):
            return _cut(request)
        if mishap in (Mishap.BROKEN_OFF, Mishap.DRIP):
            return await _in_part(request, await self._good(asked), drips=mishap is Mishap.DRIP)
        if mishap is Mishap.INVALID and isinstance(asked, Asked):
            return _plain(self.ais.broken(asked))
        if mishap in (Mishap.EMPTY, Mishap.CUT_JSON):
            good = await self._good(asked)
            keep = len(good.body) * 2 // 3 if mishap is Mishap.CUT_JSON else 0
            return web.Response(status=good.status, body=good.body[:keep], headers={"Content-Type": good.content_type})
        server = "ais" if isinstance(asked, Asked) else "carto"
        if mishap is Mishap.PARTIAL and not isinstance(asked, Asked):
            return _plain(await self.carto.answer(asked, partial=True))
        replies = {
            Mishap.HTML: MAINTENANCE,
            Mishap.GATEWAY: proxy_error(502),
            Mishap.SILENT: _busy(server, {}),
            Mishap.FIREWALL: as_html(403, "Request blocked"),
        }
        return _plain(replies.get(mishap, server_error()))


def _busy(server: str, headers: dict[str, str]) -> Reply:
    if server == "carto":
        said = too_many_requests()
        return Reply(status=429, body=said.body, headers=headers)
    return as_json(429, {"success": False, "message": "Your rate limit has been exceeded"}, headers)


def _refused(outage: Outage, left: float) -> Reply:
    date = datetime(2025, 1, 1, tzinfo=UTC)
    headers: dict[Kind, dict[str, str]] = {
        Kind.WAIT: {"Retry-After": str(math.ceil(left))},
        Kind.WAIT_UNTIL: {
            "Date": format_datetime(date, usegmt=True),
            "Retry-After": format_datetime(date + timedelta(seconds=math.ceil(left)), usegmt=True),
        },
        Kind.SILENT: {},
    }
    if outage.kind in headers:
        return _busy(outage.server, headers[outage.kind])
    return {
        Kind.HTML: MAINTENANCE,
        Kind.FIREWALL: as_html(403, "Request blocked"),
        Kind.PORTAL: as_html(302, "Found", {"Location": "http://127.0.0.1:9/login"}),
        Kind.LOST: as_html(404, "Not Found"),
        Kind.DENIED: unauthorized(BAD_KEY),
    }.get(outage.kind, proxy_error(503))


def _plain(reply: Reply) -> web.Response:
    headers = {**reply.headers, "Content-Type": reply.content_type}
    return web.Response(status=reply.status, body=reply.body, headers=headers)


def _cut(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _in_part(request: web.BaseRequest, reply: Reply, *, drips: bool) -> web.StreamResponse:
    """Half of the body, or a byte now and then."""
    response = web.StreamResponse(status=reply.status, headers={"Content-Type": reply.content_type})
    response.content_length = len(reply.body)
    await response.prepare(request)
    if not drips:
        await response.write(reply.body[: len(reply.body) // 2])
    for byte in reply.body if drips else b"":
        if request.transport is None or request.transport.is_closing():
            break
        await response.write(bytes([byte]))
        await asyncio.sleep(DRIP_SECONDS)
    return _gone(request, response)


def _gone(request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return response


@asynccontextmanager
async def fronting(plan: Plan, city: SimulatedCity, poison: frozenset[str]) -> AsyncIterator[Front]:
    """Both servers, each at a port of its own, for as long as the block lasts."""
    carto = await asyncio.to_thread(Carto, city, Faults(carto_timeout_rows=plan.heavy_rows))
    async with AsyncExitStack() as stack:
        stack.callback(carto.close)
        front = Front(plan=plan, ais=Ais(city.addresses), carto=carto, poison=poison)
        runner = web.ServerRunner(web.Server(front.respond, access_log=None), shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        for server in SERVERS:
            port = stack.enter_context(_reserved()).getsockname()[1]
            front.urls[server] = f"http://127.0.0.1:{port}{BASES[server]}"
            door = asyncio.create_task(_door(front, server, runner, port))
            stack.callback(door.cancel)
        await asyncio.sleep(0.001)
        yield front


def _reserved() -> socket.socket:
    """A port that stays ours while nobody listens at it."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.bind(("127.0.0.1", 0))
    return holder


async def _door(front: Front, server: str, runner: web.ServerRunner, port: int) -> None:
    """Listens, except while connections are to be refused."""
    closed = [o for o in front.plan.outages if o.server == server and o.kind is Kind.REFUSED]
    for outage in sorted(closed, key=lambda o: o.start):
        if front.age < outage.start:
            site = web.TCPSite(runner, "127.0.0.1", port, reuse_port=True)
            await site.start()
            await asyncio.sleep(outage.start - front.age)
            await site.stop()
        await asyncio.sleep(max(0.0, outage.end - front.age))
    await web.TCPSite(runner, "127.0.0.1", port, reuse_port=True).start()
