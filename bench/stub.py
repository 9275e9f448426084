"""The transport replaced by one that makes its answers itself: what remains is the cost of everything around it."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import Any

from bench.answers import ais, carto
from li_perf.engine.line import Arrival
from li_perf.engine.transport import Transport
from li_perf.wire import Request

HEADERS = MappingProxyType({"Content-Type": "application/json; charset=utf-8"})


def install(*, canned: bool = False) -> None:
    """From here on no request leaves the process; a `canned` answer is always the same."""
    Transport.line = _no_line  # type: ignore[method-assign]
    Transport.exchange = _canned if canned else _exchange  # type: ignore[method-assign]


async def _no_line(_: Any) -> None:
    """None is needed."""


async def _canned(_: Any, request: Request, line: None) -> Arrival:
    """Each exchange waits for one turn of the loop."""
    await asyncio.sleep(0)
    return Arrival(status=200, headers=HEADERS, body=b"{}", is_cut=False, seconds=0.0)


async def _exchange(_: Any, request: Request, line: None) -> Arrival:
    """Each exchange waits for one turn of the loop."""
    await asyncio.sleep(0)
    _, body = carto(request.form["q"].encode()) if request.form else ais(request.path.rpartition("/")[2].encode())
    return Arrival(status=200, headers=HEADERS, body=body, is_cut=False, seconds=0.0)
