"""Verbs that only look: at a store, or at what a run would cost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer

from li_perf.cli.app import app
from li_perf.cli.options import Audit, CityName, Data, Json, MaxAge, Rate, Since, Until, here, order_for
from li_perf.engine.halt import Halt
from li_perf.faces import health as watch_health
from li_perf.faces.again import completed, completing
from li_perf.faces.evidence import evidence_text
from li_perf.faces.quality import quality_text
from li_perf.faces.recalled import recalled_text
from li_perf.faces.status import plan_text, status_text
from li_perf.faces.verify import verify_text
from li_perf.session import Order, Which, planning
from li_perf.settings import load
from li_perf.signals import until_told
from li_perf.steps.explain import explain
from li_perf.steps.quality import quality
from li_perf.steps.recall import recall
from li_perf.steps.status import status
from li_perf.steps.verify import verify
from li_perf.store import runs
from li_perf.store.ledger import Ledger
from li_perf.store.opening import open_ledger

T = TypeVar("T")


@app.command(name="plan")
def plan_verb(
    city: CityName = "philadelphia",
    since: Since = None,
    until: Until = None,
    data: Data = None,
    ais_rate: Rate = None,
    audit: Audit = None,
    max_age: MaxAge = None,
    as_json: Json = False,
) -> int:
    """How many calls a run would make, and how long it takes, with prefill and without; asks AIS nothing."""
    flags = {"data": data, "ais_rate": ais_rate, "audit": audit, "max_age": max_age}
    _, order = order_for(city, Which.NEW_OR_UNFINISHED, since, until, **flags)
    with completing(order.place):
        found = until_told(lambda halt: planning(order, halt))
    _show(found, plan_text, as_json, order)
    return 0


@app.command(name="status")
def status_verb(city: CityName = "philadelphia", data: Data = None, as_json: Json = False) -> int:
    """Rows, states, failures, how the servers are asked, silver, measures, time left; also while a run is going on."""
    order = here(city, data)
    found = _looking(order, lambda ledger: status(ledger, order.city))
    _show(found, status_text, as_json, order)
    return 0


@app.command(name="explain")
def explain_verb(
    what: Annotated[str, typer.Argument(metavar="ADDRESS|REQUEST_ID", help="An address, or a request's number.")],
    city: Annotated[str, typer.Option(help="The city.")] = "philadelphia",
    data: Data = None,
    as_json: Json = False,
) -> int:
    """Everything known of one address or request: look-up, parcels, violations, match levels and why, statuses.

    Where no addresses are looked up: a request by its number, what its city publishes of it, and its statuses.
    """
    order = here(city, data)
    if order.city.inspections:
        _show(_looking(order, lambda ledger: explain(ledger, what)), evidence_text, as_json, order)
    else:
        _show(_looking(order, lambda ledger: recall(ledger, what, order.city)), recalled_text, as_json, order)
    return 0


@app.command(name="verify")
def verify_verb(city: CityName = "philadelphia", data: Data = None, as_json: Json = False) -> int:
    """Whether the store holds what was received, and its sums add up; also while a run is going on."""
    order = here(city, data)
    found = _looking(order, lambda ledger: verify(ledger, order.city))
    _show(found, verify_text, as_json, order)
    return 0 if found.is_sound else 2


@app.command(name="quality")
def quality_verb(city: CityName = "philadelphia", data: Data = None, as_json: Json = False) -> int:
    """How good the city's rows are: what is missing, odd, repeated or rejected, how fresh; each with its definition."""
    order = here(city, data)
    found = _looking(order, lambda ledger: quality(ledger, order.city))
    _show(found, quality_text, as_json, order)
    return 0


@app.command(hidden=True)
def health(data: Data = None) -> int:
    """For the container: 0 while every store in the data folder can be read, and every city watched is fresh."""
    folder = load(data=data).data
    for path in sorted(folder.rglob("*.db")):
        _look(path, runs.latest)
    for sentence in (late := watch_health.late(folder, now=datetime.now(UTC))):
        print(sentence)
    return 1 if late else 0


def _looking(order: Order, look: Callable[[Ledger], Awaitable[T]]) -> T:
    with completing(order.place):
        return _look(order.path, look)


def _look(path: Path, look: Callable[[Ledger], Awaitable[T]]) -> T:
    async def looking(_: Halt) -> T:
        async with open_ledger(path, read_only=True) as ledger:
            return await look(ledger)

    return until_told(looking)


def _show(found: T, as_text: Callable[[T], str], as_json: bool, order: Order) -> None:
    print(msgspec.json.encode(found).decode() if as_json else completed(as_text(found), order.place))
