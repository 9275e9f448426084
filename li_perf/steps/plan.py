"""plan: how many calls a run would make, and how long that takes at the pace, with prefill and without; asks no AIS."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from li_perf.cities.city import City
from li_perf.model import TO_ASK, WITH_ANSWER, Period, State
from li_perf.steps.backlog import BATCH
from li_perf.store import ages, fetches, prefills, questions, runs, selection
from li_perf.store.ledger import Ledger

QUESTIONS_A_REQUEST = 28_388 / 45_656  # distinct addresses a request in 2025, as three public analyses counted
PROPERTIES = 583_711  # rows of the City's property table in July 2026


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Requests a second; 0 is no limit."""

    ais: float
    carto: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AtHand:
    """What the store has of the period: questions by state, answers that a new run would ask for again.

    `requests` is how many a new run would download again, None for one that goes on; `fetches` how many parcels and
    cases are left to it. `pairs` of the `due` answers are the City's own, which a run with prefill takes again.
    `may_prefill` is whether the run that would go on could still begin with it; `table_share` is the share of questions
    that the City's table stood for when a run last used it, None where none did.
    """

    states: Mapping[str, int] = field(default_factory=dict)
    due: int = 0
    pairs: int = 0
    requests: int | None = None
    fetches: int = 0
    may_prefill: bool = True
    table_share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithPrefill:
    """Calls of a run with prefill, an estimate: from `ais_calls_least` to `ais_calls_most`, as nobody knows how many
    addresses the City's table answers; one figure where an earlier run of this store showed it (`table_share`)."""

    ais_calls_least: int
    ais_calls_most: int
    ais_seconds_least: float | None
    ais_seconds_most: float | None
    carto_calls: int
    carto_seconds: float | None
    table_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Calls still to make; `is_estimate` while the requests are not downloaded yet. Times are in seconds.

    `due` answers are too old and among the calls. `with_prefill` is None where prefill would save nothing.
    """

    requests: int | None
    questions: int
    answered: int
    failed: int
    due: int
    ais_calls: int
    carto_calls: int
    ais_seconds: float | None
    carto_seconds: float | None
    is_estimate: bool
    with_prefill: WithPrefill | None


async def at_hand(ledger: Ledger, period: Period, *, max_age: int, takes_pairs: bool) -> AtHand:
    """What the store has for a run that takes the City's own pairs for answers, or asks about them again.

    Of the period's questions nothing where its requests were not downloaded yet.
    """
    applied = await prefills.last_applied(ledger)
    share = applied.matched / applied.left if applied and applied.left else None
    days = period.since.isoformat(), period.until.isoformat()
    of, begun = await runs.cleaned(ledger), await runs.unfinished(ledger, period=days)
    if of is None or (of.since, of.until) != days or (begun and begun.id != of.id):
        return AtHand(table_share=share)
    states, before = await questions.states(ledger, selection.asked()), ages.day_before(runs.now(), max_age)
    if begun is None:
        old, due = [
            await ledger.scalar(ages.count_due(selection.asked(), before=before, takes_pairs=takes))
            for takes in (True, takes_pairs)
        ]
        states[State.ANSWERED] = states.get(State.ANSWERED, 0) + states.pop(State.STALE, 0)  # it marks anew
        requests = await ledger.scalar(selection.count_tickets())
        return AtHand(states=states, due=due, pairs=due - old, requests=requests, table_share=share)
    return AtHand(
        states=states,
        fetches=(await fetches.states(ledger, begun.id)).get(State.PENDING, 0),
        may_prefill=bool(begun.settings.get("prefill")) and await prefills.verdict(ledger, begun.id) is None,
        table_share=share,
    )


def plan(city: City, *, store: AtHand, counted: int | None, rates: Rates, audit: int) -> Plan:
    """What is left for a run; `counted` is Carto's own count of requests, None where the questions are at hand."""
    states, total = store.states, sum(store.states.values())
    asked = total or round((counted or 0) * QUESTIONS_A_REQUEST)
    left = sum(states.get(state, 0) for state in TO_ASK) + store.due if total else asked
    carto_calls = _pages(city, store, counted) + _batches(store, left=left, asked=asked) + 8
    return Plan(
        requests=counted,
        questions=asked,
        answered=sum(states.get(state, 0) for state in WITH_ANSWER),
        failed=states.get(State.FAILED, 0),
        due=store.due + states.get(State.STALE, 0),
        ais_calls=left,
        carto_calls=carto_calls,
        ais_seconds=_seconds(left, rates.ais),
        carto_seconds=_seconds(carto_calls, rates.carto),
        is_estimate=not total,
        with_prefill=_with_prefill(city, store, left=left, carto_calls=carto_calls, rates=rates, audit=audit),
    )


def _pages(city: City, store: AtHand, counted: int | None) -> int:
    """Pages of requests still to download."""
    rows = counted if store.requests is None else store.requests
    return 0 if rows is None else math.ceil(rows / city.requests.page_size) + 2


def _batches(store: AtHand, *, left: int, asked: int) -> int:
    """Batches of parcels whose violations are still to fetch, at most a parcel an address: a new run fetches all."""
    goes_on = store.states and store.requests is None
    return math.ceil((left + store.fetches if goes_on else asked) / BATCH)


def _with_prefill(
    city: City, store: AtHand, *, left: int, carto_calls: int, rates: Rates, audit: int
) -> WithPrefill | None:
    left -= store.pairs
    if not city.inspections or not city.inspections.pairs or not store.may_prefill or left <= audit:
        return None
    share = store.table_share
    most = left if share is None else min(left, left - math.floor(share * left) + audit)
    least = audit if share is None else most
    calls = carto_calls + math.ceil(PROPERTIES / city.inspections.pairs.properties.page_size) + 3
    return WithPrefill(
        ais_calls_least=least,
        ais_calls_most=most,
        ais_seconds_least=_seconds(least, rates.ais),
        ais_seconds_most=_seconds(most, rates.ais),
        carto_calls=calls,
        carto_seconds=_seconds(calls, rates.carto),
        table_share=share,
    )


def _seconds(calls: int, rate: float) -> float | None:
    return calls / rate if rate else None
