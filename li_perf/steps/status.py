"""status: where a city's run stands; readable while it is going on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from li_perf.cities.city import City
from li_perf.engine.vitals import Vitals
from li_perf.errors import StoreError
from li_perf.model import TO_ASK
from li_perf.store import fetches, lake, measures, pages, pulses, questions, runs, selection
from li_perf.store.ledger import Ledger

LOOK_UPS = ("questions", "fetches", "failures", "answers", "asked_again", "answers_a_second", "seconds_left")
NO_LOOK_UPS: Mapping[str, Any] = MappingProxyType(dict.fromkeys(LOOK_UPS))
NOTHING_READ = dict(NO_LOOK_UPS) | {"questions": {}, "failures": {}, "answers": {}, "asked_again": 0}


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The last run: its period, rows by download, questions and fetches by state, failures by reason.

    `servers` is how each is being asked, `at` a moment of some seconds ago, while the run is at work or when it last
    was, and `seconds_since_seen` how long ago that was; both say nothing of a finished run. `answers` counts by source,
    and `asked_again` the questions that took more than one call; these, as `questions`, `fetches` and `failures`, are
    None for a city without inspections. `silver` is the number of requests in the lake, None before the first clean,
    and `measured_as_of` the end of the download that was measured last. `unfinished` are the periods, as two days, of
    this store's other runs that are not at their end.
    """

    city: str
    since: str
    until: str
    is_finished: bool
    started_at: str
    finished_at: str | None
    downloads: dict[str, dict[str, int | bool | None]]
    questions: dict[str, int] | None
    fetches: dict[str, int] | None
    failures: dict[str, int] | None
    answers: dict[str, int] | None
    asked_again: int | None
    silver: int | None
    measured_as_of: str | None
    servers: dict[str, dict[str, Any]]
    seconds_since_seen: float | None
    requests_sent: dict[str, dict[str, int]]
    answers_a_second: float | None
    seconds_left: float | None
    unfinished: Sequence[tuple[str, str]]


async def status(ledger: Ledger, city: City) -> Status:
    """Raises StoreError where nothing was run yet, or the lake cannot be read."""
    last = await runs.latest(ledger)
    if last is None:
        raise StoreError(f"Nothing was run on {ledger.path} yet. Begin with `li-perf run`.")
    servers = {} if last.finished_at else await _servers(ledger, last.id)
    measured = await measures.measured(ledger)
    return Status(
        city=last.city,
        since=last.since,
        until=last.until,
        is_finished=last.finished_at is not None,
        started_at=last.started_at,
        finished_at=last.finished_at,
        downloads=await _downloads(ledger, last.id),
        silver=await asyncio.to_thread(_silver, ledger),
        measured_as_of=measured.as_of if measured else None,
        servers=servers,
        seconds_since_seen=min((_seconds_since(each["at"]) for each in servers.values()), default=None),
        unfinished=await runs.unfinished_periods(ledger, but=last.id),
        requests_sent=await runs.requests_sent(ledger, last.id),
        **(await _looked_up(ledger, last) if city.inspections else NO_LOOK_UPS),
    )


def _silver(ledger: Ledger) -> int | None:
    tickets = lake.look(lake.folder_of(ledger.path)).tickets
    return tickets.rows if tickets else None


async def _looked_up(ledger: Ledger, last: runs.Run) -> dict[str, Any]:
    """What became of addresses and parcels: of no address before the run's requests were read."""
    of = await runs.cleaned(ledger)
    if of is None or of.id != last.id:
        return NOTHING_READ | {"fetches": await fetches.states(ledger, last.id)}
    states = await questions.states(ledger, selection.asked())
    rate = None if last.finished_at else await _rate(ledger)
    pending = sum(states.get(state, 0) for state in TO_ASK)
    return {
        "questions": states,
        "fetches": await fetches.states(ledger, last.id),
        "failures": await questions.reasons(ledger, selection.asked()),
        "answers": {name or "unknown": count for name, count in await ledger.rows(selection.answers_by_source())},
        "asked_again": await ledger.scalar(selection.count_asked_again()) or 0,
        "answers_a_second": rate,
        "seconds_left": pending / rate if rate and pending else None,
    }


async def _rate(ledger: Ledger) -> float | None:
    """Answers a second in the last minute, None without one."""
    (recent,) = await ledger.rows(selection.recent_answers())
    return recent.answers / max(1, recent.seconds) if recent.answers else None


async def _servers(ledger: Ledger, run_id: int) -> dict[str, dict[str, Any]]:
    """The vitals of each server, but for those of another version that this one cannot read."""
    found = {}
    for row in await pulses.latest(ledger, run_id):
        with suppress(msgspec.DecodeError, ValueError):
            vitals = msgspec.json.decode(row.vitals, type=Vitals)
            found[row.server] = {"at": datetime.fromisoformat(row.at).isoformat()} | msgspec.structs.asdict(vitals)
    return found


def _seconds_since(at: str) -> float:
    """By the wall clock: for the eye only. A clock that was set back counts as now."""
    return max(0.0, (datetime.fromisoformat(runs.now()) - datetime.fromisoformat(at)).total_seconds())


async def _downloads(ledger: Ledger, run_id: int) -> dict[str, dict[str, int | bool | None]]:
    found: dict[str, dict[str, int | bool | None]] = {}
    for dataset, row in (await runs.downloads(ledger, run_id)).items():
        cursor = await pages.cursor(ledger, run_id, dataset)
        found[dataset] = {
            "received": cursor.rows if cursor else 0,
            "counted": row.counted_before,
            "is_finished": row.finished_at is not None,
            "restarts": row.restarts,
        }
    return found
