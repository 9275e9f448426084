"""The HTTP client: paced, bounded, and counted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self
from urllib.parse import quote

from li_perf.engine.halt import Halt
from li_perf.engine.limit import Limit
from li_perf.engine.line import Arrival, Line
from li_perf.engine.mishap import ERRORS, explained
from li_perf.engine.pace import Pace
from li_perf.engine.server import Server
from li_perf.engine.transport import KeptLineLost, Transport
from li_perf.errors import TooHeavy, Unreachable
from li_perf.wire import Reply, Request, retry_after

SHORTEST_KEY = 8  # characters


class Client:
    """Sends requests to one server. Every call is one wire request, paced and counted.

    `sent` counts wire requests by status or kind of failure.
    """

    def __init__(self, server: Server, *, halt: Halt) -> None:
        self.server = server
        self.pace = Pace(rate=server.rate, quota=server.quota, halt=halt)
        self.limit = Limit(bound=server.concurrency)
        self.sent: Counter[str] = Counter()
        self._transport = Transport(server)
        self._keys = _written(server.secret)

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.__aexit__(kind, error, trace)

    async def send(self, request: Request, *, ready: Callable[[], None] = lambda: None) -> Reply:
        """One call. Raises Unreachable for the transport's failures and TooHeavy for a body over the cap.

        `ready` is called just before the request leaves; what it raises calls that off, and costs no slot.
        """
        async with self.limit:
            return await self.send_unlimited(request, ready=ready)

    async def send_unlimited(self, request: Request, *, ready: Callable[[], None] = lambda: None) -> Reply:
        """Paced calls outside the adaptive limit: for probes.

        One, and another over a new line where a kept one was lost before anything came over it: RFC 9112, 9.3.1. All
        that is asked reads and changes nothing, a POST carries a SELECT.
        """
        reply = await self._paced(request, ready, self._transport.line)
        if isinstance(reply, KeptLineLost):
            reply = await self._paced(request, ready, self._transport.opened)
        if isinstance(reply, Exception):
            raise self._unreachable(reply) from None
        if reply.status == 200 and "retry-after" in reply.headers and (wait := retry_after(reply.headers)):
            self.pace.hold(min(wait, self.server.breaker.outage_limit))  # Carto: with the last answer that it allows
        return reply

    async def send_at_last(self, request: Request) -> Reply:
        """One call behind a stop, a slot behind the last one; none where the server wants to be left alone."""
        if self.pace.held:
            raise Unreachable(f"{self.server.name} is not asked for another {self.pace.held:.0f} s.")
        await asyncio.sleep(1 / self.pace.rate)
        line = await self._opened(self._transport.line)
        reply = line if isinstance(line, Exception) else await self._exchange(request, line)
        if isinstance(reply, Exception):
            raise self._unreachable(reply) from None
        return reply

    async def _paced(
        self, request: Request, ready: Callable[[], None], opening: Callable[[], Awaitable[Line]]
    ) -> Reply | Exception:
        """What came, or what failed. The line is there before the slot: a slow one must not bring calls together."""
        line = await self._opened(opening)
        try:
            await self.pace.take(ready)  # before the time-out begins
        except BaseException:
            if not isinstance(line, Exception):
                self._transport.keep(line)
            raise
        await asyncio.sleep(0)  # a turn of the loop, which sees that a server hung up behind its last answer
        if isinstance(line, Exception):
            self.sent[type(line).__name__] += 1
            return line
        return await self._exchange(request, line)

    async def _opened(self, opening: Callable[[], Awaitable[Line]]) -> Line | Exception:
        try:
            return await opening()
        except ERRORS as error:
            return error

    async def _exchange(self, request: Request, line: Line) -> Reply | Exception:
        try:
            with self.limit.sending():
                arrival = await self._transport.exchange(request, line)
        except ERRORS as error:
            self.sent[type(error).__name__] += 1
            return error
        self._note(arrival)
        if arrival.is_cut and arrival.status == 200:  # of an error its beginning says enough
            raise TooHeavy(f"{self.server.name} sent more than {self.server.body_cap:,} bytes.", status=arrival.status)
        return Reply(status=arrival.status, headers=arrival.headers, body=self._without_key(arrival.body))

    def _unreachable(self, error: Exception) -> Unreachable:
        """Of the transport's error no more than words: it holds the request."""
        return Unreachable(f"{self.server.name} at {self._transport.host}: {explained(error, self.server.timeout)}")

    def _note(self, arrival: Arrival) -> None:
        self.sent[str(arrival.status)] += 1
        if arrival.status < 400 or arrival.status == 404:  # a quick refusal says nothing about speed
            self.pace.answered()
            self.limit.answered(arrival.seconds)  # without the time that a new connection took

    def _without_key(self, body: bytes) -> bytes:
        """A server that repeats our key, say on an error page, must not bring it into a message or the store."""
        for key in self._keys:
            body = body.replace(key, b"[key]")
        return body


def _written(secret: tuple[str, str] | None) -> set[bytes]:
    """How the key in a secret header may be repeated; what is as short as a word of an answer is left alone."""
    key = secret[1].split()[-1] if secret else ""
    return {key.encode(), quote(key, safe="").encode()} if len(key) >= SHORTEST_KEY else set()
