"""The two servers behind their gateways: outage, key, rate, delay, mishap, answer, in this order."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from li_perf.simulator import carto as sql_api
from li_perf.simulator.ais import Ais, Asked
from li_perf.simulator.carto import Carto
from li_perf.simulator.hostile import heard
from li_perf.simulator.mishaps import (
    BAD_KEY,
    NO_KEY,
    Gate,
    any_error,
    rate_exceeded,
    server_error,
    spoiled,
    unauthorized,
)
from li_perf.simulator.reply import Reply
from li_perf.simulator.unknown import INVALID, NO_ADDRESSES
from li_perf.simulator.weather import Mishap, Weather

_SCHEME = "Gatekeeper-Key "
_ANOTHER = Asked("1234 MARKET ST", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class AisDesk:
    ais: Ais
    gate: Gate
    key: str | None

    async def reply(self, read: Asked | Reply, authorization: str) -> Reply:
        weather = self.gate.weather
        given = authorization.removeprefix(_SCHEME) if authorization.startswith(_SCHEME) else None
        if isinstance(read, Asked):
            given = read.params.get("gatekeeperKey", given)
        refusal = await self.gate.outage("ais") or self._key_refusal(given) or self._rate_refusal()
        if refusal:
            return refusal
        await self.gate.wait(weather.delay())
        return read if isinstance(read, Reply) else self._answer(read)

    def _key_refusal(self, given: str | None) -> Reply | None:
        if self.gate.weather.faults.denied:
            return unauthorized(BAD_KEY)
        if self.key is None or given == self.key:
            return None
        return unauthorized(NO_KEY if given is None else BAD_KEY)

    def _rate_refusal(self) -> Reply | None:
        rate = self.gate.weather.ais
        wait = rate.wait(self.gate.weather.clock()) if rate else 0.0
        return rate_exceeded(wait) if wait else None

    def _answer(self, asked: Asked) -> Reply:
        weather = self.gate.weather
        if weather.poison and heard(asked.query) in weather.poison:
            return server_error()
        mishap = weather.mishap("ais", asked.query)
        if mishap is Mishap.ERROR:
            return any_error(weather, server_error())
        if mishap is Mishap.INVALID:
            return self.ais.broken(asked)
        if outage := weather.outage("ais"):
            return self.ais.broken(asked, NO_ADDRESSES if outage.kind == "empty" else INVALID)
        if mishap is Mishap.MIXUP:
            return self.ais.answer(_ANOTHER)
        reply = self.ais.answer(asked)
        return spoiled(reply, mishap, weather) if mishap else reply


@dataclass(frozen=True, slots=True, kw_only=True)
class CartoDesk:
    carto: Carto
    gate: Gate

    async def reply(self, asked: dict[str, str]) -> Reply:
        outage = await self.gate.outage("carto")
        if outage:
            return outage
        headers, allowed = _limits(self.gate.weather)
        reply = await self._answer(asked) if allowed else sql_api.too_many_requests()
        return replace(reply, headers={**reply.headers, **headers})

    async def _answer(self, asked: dict[str, str]) -> Reply:
        weather = self.gate.weather
        await self.gate.wait(weather.delay())
        mishap = weather.mishap("carto", asked.get("q", ""))
        if mishap is Mishap.ERROR:
            return any_error(weather, sql_api.failure(500, "server closed the connection unexpectedly"))
        reply = await self.carto.answer(asked, partial=mishap is Mishap.PARTIAL)
        return spoiled(reply, mishap, weather) if mishap in (Mishap.RESET, Mishap.GARBAGE) else reply


def _limits(weather: Weather) -> tuple[dict[str, str], bool]:
    """Carto's headers: Retry-After is -1 on what was allowed (CartoDB-SQL-API documentation)."""
    rate = weather.carto
    if rate is None:
        return {}, True
    now = weather.clock()
    wait = rate.wait(now)
    return {
        "Carto-Rate-Limit-Limit": str(int(rate.rate)),
        "Carto-Rate-Limit-Remaining": str(rate.remaining(now)),
        "Carto-Rate-Limit-Reset": "1",
        "Retry-After": str(max(math.ceil(wait), 1)) if wait else "-1",
    }, not wait
