"""status: where a city's run stands; readable while it is going on."""

from __future__ import annotations

from typing import Any

import msgspec

from li_perf.errors import StoreError
from li_perf.model import TO_ASK
from li_perf.store import pages, pulses, questions, runs, selection
from li_perf.store.ledger import Ledger


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The last run: its period, rows by download, questions and fetches by state, failures by reason.

    `servers` is how each is being asked, `at` a moment of some seconds ago, while the run is at work or when it last
    was; `answers` counts by source, and `asked_again` the questions that took more than one call.
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
        answers=dict(await ledger.rows(selection.answers_by_source())),
        asked_again=await ledger.scalar(selection.count_asked_again()) or 0,
        servers={} if last.finished_at else await pulses.latest(ledger, last.id),
        requests_sent=await runs.requests_sent(ledger, last.id),
        answers_a_second=rate,
        seconds_left=pending / rate if rate and pending else None,
    )


async def _rate(ledger: Ledger) -> float | None:
    """Answers a second in the last minute, None without one."""
    (recent,) = await ledger.rows(selection.recent_answers())
    return recent.answers / max(1, recent.seconds) if recent.answers else None


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
