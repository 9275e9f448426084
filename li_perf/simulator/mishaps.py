"""Broken answers in the shapes of the servers: errors, refusals, HTML, truncated JSON, closed connections."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from dataclasses import dataclass, replace

from li_perf.simulator.faults import OF_AIS_ALONE
from li_perf.simulator.reply import Reply, as_html, as_json
from li_perf.simulator.weather import Mishap, Weather

NO_KEY = "gatekeeper key required for this endpoint but not provided"
BAD_KEY = "provided gatekeeper key is invalid"
_PROXY = {502: "502 Bad Gateway", 503: "503 Service Unavailable"}
# Werkzeug's own sentence, which the City's program passes on with a 500.
_FLASK_500 = (
    "The server encountered an internal error and was unable to complete your request. "
    "Either the server is overloaded or there is an error in the application."
)
GONE = Reply(status=0, body=b"", cut=0.0)
MAINTENANCE = as_html(200, "We will be back soon")


def server_error() -> Reply:
    """An honest 500 of AIS, recorded of its other routes with the database down."""
    body = {"status": 500, "error": "Internal Server Error", "message": _FLASK_500, "details": None}
    return as_json(500, body)


def unauthorized(message: str) -> Reply:
    """The old gateway's shape (JarvusInnovations/Gatekeeper): no `status` in the body."""
    return as_json(401, {"success": False, "message": message})


def rate_exceeded(wait: float) -> Reply:
    seconds = max(math.ceil(wait), 1)
    message = f"Your rate limit for this endpoint has been exceeded, retry after {seconds} seconds"
    return as_json(429, {"success": False, "message": message}, {"Retry-After": str(seconds)})


def proxy_error(status: int) -> Reply:
    return as_html(status, _PROXY[status])


def any_error(weather: Weather, own: Reply) -> Reply:
    """A 500 of the server itself, or a 502 or 503 of the proxy in front of it."""
    return (own, proxy_error(502), proxy_error(503))[weather.choose(3)]


def spoiled(reply: Reply, mishap: Mishap, weather: Weather) -> Reply:
    """A reply whose connection breaks, or which is not what its status says."""
    if mishap is Mishap.RESET:
        return replace(reply, cut=(0.0, 0.5)[weather.choose(2)])
    if mishap is Mishap.DRIFT:
        return replace(reply, body=reply.body.replace(b'"opa_account_num": "', b'"opa_account_num": "OPA-'))
    if weather.choose(2):
        return MAINTENANCE
    return replace(reply, status=200, body=reply.body[: len(reply.body) * 2 // 3])


@dataclass(frozen=True, slots=True)
class Gate:
    """Outages, as both servers have them; `closing` ends what hangs when the simulation ends."""

    weather: Weather
    closing: asyncio.Event

    async def outage(self, server: str) -> Reply | None:
        outage = self.weather.outage(server)
        if outage is None or outage.kind in OF_AIS_ALONE:
            return None
        if outage.kind == "refuse_503":
            return proxy_error(503)
        if outage.kind == "html":
            return MAINTENANCE
        left = self.weather.started + outage.end_s - self.weather.clock()
        await self.wait(left)
        return GONE

    async def wait(self, seconds: float) -> None:
        """Sleeps, but not longer than the simulation lives."""
        if seconds > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.closing.wait(), seconds)
