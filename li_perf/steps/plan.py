"""plan: how many calls a run would make, and how long that takes at the pace; asks AIS nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from li_perf.cities.city import City
from li_perf.model import Period, State
from li_perf.steps.backlog import BATCH
from li_perf.store import questions, runs, selection
from li_perf.store.ledger import Ledger

QUESTIONS_A_REQUEST = 28_388 / 45_656  # distinct addresses a request in 2025, as three public analyses counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Calls still to make; `is_estimate` while the requests are not downloaded yet. Times are in seconds."""

    requests: int | None
    questions: int
    answered: int
    failed: int
    ais_calls: int
    carto_calls: int
    ais_seconds: float | None
    carto_seconds: float | None
    is_estimate: bool


async def states_at_hand(ledger: Ledger, period: Period) -> dict[str, int]:
    """The period's questions by state, empty where its requests were not downloaded yet."""
    last = await runs.latest(ledger)
    is_at_hand = last is not None and (last.since, last.until) == (period.since.isoformat(), period.until.isoformat())
    return await questions.states(ledger, selection.asked()) if is_at_hand else {}


def plan(city: City, *, states: Mapping[str, int], counted: int | None, ais_rate: float, carto_rate: float) -> Plan:
    """What is left for a run; `counted` is Carto's own count of requests, None where the questions are at hand."""
    total = sum(states.values())
    asked = total or math.ceil((counted or 0) * QUESTIONS_A_REQUEST)
    answered = states.get(State.ANSWERED, 0)
    left = states.get(State.PENDING, 0) if total else asked
    pages = math.ceil((counted or 0) / city.requests.page_size) + 2 if not total else 0
    carto_calls = pages + math.ceil(left / BATCH) + 8
    return Plan(
        requests=counted,
        questions=asked,
        answered=answered,
        failed=states.get(State.FAILED, 0),
        ais_calls=left,
        carto_calls=carto_calls,
        ais_seconds=left / ais_rate if ais_rate else None,
        carto_seconds=carto_calls / carto_rate if carto_rate else None,
        is_estimate=not total,
    )
