"""AIS and Carto on loopback with one fault each, asked by the real engine and read by the real readers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from aiohttp import web
from engine.local import Behave, Local, asking, serving
from engine.virtual import now

from li_perf.engine.ask import Asker
from li_perf.engine.question import Answer, Question
from li_perf.engine.verdict import Verdict
from li_perf.errors import Failed, LiPerfError
from li_perf.sources import ais, carto
from li_perf.wire import Request

Fault = Callable[[], Awaitable[web.StreamResponse] | web.StreamResponse]
Reads = Callable[[str], Question[Any]]
BAD = "666 MARKET ST"
GOOD = [f"{number} MARKET ST" for number in range(100, 140)]
ACCOUNT = "051133966"


def found(address: str, account: Any = ACCOUNT, **more: Any) -> dict[str, Any]:
    """AIS's answer for an address that it knows."""
    feature = {
        "type": "Feature",
        "ais_feature_type": "address",
        "match_type": "exact",
        "properties": {"street_address": address, "opa_account_num": account, "zip_code": "19107"},
    }
    return {"search_type": "address", "search_params": {}, "query": address, "features": [feature]} | more


def missing(address: str, message: str = "Could not find any addresses matching query.", **details: Any) -> Any:
    """AIS's 404."""
    details = {"query": address, "normalized": address, "search_type": "address"} | details
    return {"status": 404, "error": "Not Found", "message": message, "details": details}


def rows(*rows: Any, **more: Any) -> dict[str, Any]:
    """Carto's answer."""
    return {"rows": list(rows), "fields": {"a": {"type": "number"}}, "total_rows": len(rows)} | more


def sends(body: Any, status: int = 200, **headers: str) -> Fault:
    """A reply with this body: bytes, text, or anything else as JSON."""
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: web.Response(status=status, body=raw, headers=named)


async def _made(fault: Fault) -> web.StreamResponse:
    made = fault()
    return await made if isinstance(made, Awaitable) else made


def fine(name: str) -> web.StreamResponse:
    """Both servers' good answer."""
    return web.json_response(found(name) | rows({"a": 1}))


def only(bad: str, fault: Fault) -> Behave:
    """One question gets the fault every time."""

    async def behave(name: str) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return await _made(fault) if name == bad else fine(name)

    return behave


def everybody(fault: Fault, *, after: float, seconds: float) -> Behave:
    """Every question gets the fault, from `after` on for so many seconds."""
    since = now() + after

    async def behave(name: str) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return await _made(fault) if since <= now() < since + seconds else fine(name)

    return behave


def first(fault: Fault, *, times: int = 1) -> Behave:
    """Each question gets the fault when it is asked first."""
    seen: dict[str, int] = {}

    async def behave(name: str) -> web.StreamResponse:
        seen[name] = seen.get(name, 0) + 1
        return await _made(fault) if seen[name] <= times else fine(name)

    return behave


def of_ais(address: str) -> Question[Any]:
    return Question(key=address, request=ais.request(address), read=partial(ais.read, address))


def of_carto(name: str) -> Question[Any]:
    return Question(key=name, request=Request(path=f"/{quote(name)}", form={"q": "select 1"}), read=carto.read)


KINDS: dict[str, Reads] = {"AIS": of_ais, "Carto": of_carto}


@asynccontextmanager
async def asked(behave: Behave, kind: str = "AIS", **how: Any) -> AsyncIterator[tuple[Local, Asker]]:
    """A server that behaves so, and the asker of it."""
    known = KINDS[kind](ais.KNOWN_GOOD)
    async with serving(behave) as server, asking(server.url, name=kind, known=known, rate=10.0, **how) as asker:
        yield server, asker


@dataclass(frozen=True, kw_only=True)
class Results:
    """What became of the questions."""

    answers: dict[str, Answer[Any]]
    failed: dict[str, Failed]
    verdicts: dict[Verdict, int]
    openings: int


async def ask_all(
    asker: Asker, names: Sequence[str] = GOOD, *, workers: int = 8, reads: Reads | None = None
) -> Results:
    """Ask every question with so many workers; what stops the run is raised."""
    reads = reads or KINDS[asker.client.server.name]
    answers: dict[str, Answer[Any]] = {}
    failed: dict[str, Failed] = {}
    left = iter(names)

    async def worker() -> None:
        for name in left:
            try:
                answers[name] = await asker.ask(reads(name))
            except Failed as error:
                failed[name] = error

    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(worker())
    return Results(answers=answers, failed=failed, verdicts=asker.verdicts, openings=asker.breaker.openings)


async def stopped_by(asker: Asker, names: Sequence[str] = GOOD, *, workers: int = 8) -> LiPerfError:
    """What stops the run."""
    try:
        await ask_all(asker, names, workers=workers)
    except ExceptionGroup as group:
        (stop, *_) = group.exceptions
        assert isinstance(stop, LiPerfError)
        return stop
    raise AssertionError("nothing stopped the run")
