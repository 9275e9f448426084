"""The transport replaced by one that makes its answers itself: what remains is the cost of everything around it."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import Any

from bench.answers import ais, carto
from li_perf.engine.transport import Transport
from li_perf.wire import Request

HEADERS = MappingProxyType({"Content-Type": "application/json; charset=utf-8"})


def install() -> None:
    """From here on no request leaves the process."""
    Transport.send = _send  # type: ignore[assignment,method-assign]


class Arrival:
    """An answer that is all there."""

    status = 200
    headers = HEADERS
    seconds = 0.0

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read(self, _: int) -> tuple[bytes, bool]:
        return self._body, False


async def _send(_: Any, request: Request) -> Arrival:
    """Each exchange waits for one turn of the loop."""
    await asyncio.sleep(0)
    if request.form:
        return Arrival(carto(request.form["q"].encode())[1])
    return Arrival(ais(request.path.rpartition("/")[2].encode())[1])
