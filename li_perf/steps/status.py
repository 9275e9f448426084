"""status: where a city's run stands; readable while it is going on."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from li_perf.engine.vitals import Vitals
from li_perf.errors import StoreError
from li_perf.model import TO_ASK
from li_perf.store import pages, pulses, questions, runs, selection
from li_perf.store.ledger import Ledger


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The last run: its period, rows by download, questions and fetches by state, failures by reason.

    `servers` is how each is being asked, `at` a moment of some seconds ago, while the run is at work or when it last
    was, and `seconds_since_seen` how long ago that was; both say nothing of a finished run. `answers` counts by source,
    and `asked_again` the questions that took more than one call.
    """

    city: str
    since: str
    until: str
    is_finished: bool
    started_at: str
    finished_at: str | None
    downloads: dict[str, dict[str, int | bool | None]]
    questions: dict[str, int]
    fetches: dict[str, int]
    failures: dict[str, int]
    answers: dict[str, int]
    asked_again: int
    servers: dict[str, dict[str, Any]]
    seconds_since_seen: float | None
    requests_sent: dict[str, dict[str, int]]
    answers_a_second: float | None
    seconds_left: float | None


async def status(ledger: Ledger) -> Status:
    """Raises StoreError where nothing was run yet."""
    last = await runs.latest(ledger)
    if last is None:
        raise StoreError(f"Nothing was run on {ledger.path} yet. Begin with `li-perf run`.")
    states = await questions.states(ledger, selection.asked())
    rate = None if last.finished_at else await _rate(ledger)
    pending = sum(states.get(state, 0) for state in TO_ASK)
    servers = {} if last.finished_at else await _servers(ledger, last.id)
    return Status(
        city=last.city,
        since=last.since,
        until=last.until,
        is_finished=last.finished_at is not None,
        started_at=last.started_at,
        finished_at=last.finished_at,
        downloads=await _downloads(ledger, last.id),
        questions=states,
        fetches=await questions.fetch_states(ledger, last.id),
        failures=await questions.reasons(ledger, selection.asked()),
        answers={source or "unknown": count for source, count in await ledger.rows(selection.answers_by_source())},
        asked_again=await ledger.scalar(selection.count_asked_again()) or 0,
        servers=servers,
        seconds_since_seen=min((_seconds_since(each["at"]) for each in servers.values()), default=None),
        requests_sent=await runs.requests_sent(ledger, last.id),
        answers_a_second=rate,
        seconds_left=pending / rate if rate and pending else None,
    )


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
