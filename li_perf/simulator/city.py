"""The simulated city: tables as Carto holds them, addresses as AIS knows them, and the truth about both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from li_perf.simulator import odd, request_rows
from li_perf.simulator.addresses import Address, Kind
from li_perf.simulator.complaints import complaints
from li_perf.simulator.history import Book, past, results
from li_perf.simulator.parcels import Draw
from li_perf.simulator.population import addresses, tickets_at
from li_perf.simulator.properties import properties
from li_perf.simulator.tickets import Counts, around, pulled_at, tickets

_OTHER_AGENCIES_SHARE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedCity:
    """Rows are dictionaries with the columns of the City's tables, their times as Carto's JSON writes them."""

    since: date
    until: date
    seed: int
    requests: list[dict[str, Any]]
    violations: list[dict[str, Any]]
    complaints: list[dict[str, Any]]
    properties: list[dict[str, Any]]
    addresses: dict[str, Address]


def build(
    *,
    tickets: int = 2000,
    seed: int = 311,
    since: date = date(2025, 1, 1),
    until: date = date(2026, 1, 1),
    crosswalk_share: float = 0.35,
    rough: bool = False,
    unanswerable: bool = True,
) -> SimulatedCity:
    """A city with `tickets` requests of L&I in the local period; the same arguments make the same city.

    `crosswalk_share` of the tickets have a complaint that names them; `rough` adds five rows of odd shape. Some
    addresses make AIS fail each time (`Kind.SERVER_EXCEPTION`), unless `unanswerable` is off.
    """
    return _build(
        Counts(tickets=tickets), Random(seed), _Wish(seed, since, until, crosswalk_share, rough, unanswerable)
    )


@dataclass(frozen=True, slots=True)
class _Wish:
    seed: int
    since: date
    until: date
    crosswalk_share: float
    rough: bool
    unanswerable: bool


def _build(counts: Counts, dice: Random, wish: _Wish) -> SimulatedCity:
    draw, period, pulled = Draw(dice), (wish.since, wish.until), pulled_at(wish.until)
    without = frozenset() if wish.unanswerable else frozenset({Kind.SERVER_EXCEPTION})
    known = addresses(draw, counts.addresses, without)
    inside = tickets(dice, *period, tickets_at(draw, known, counts.with_address), counts)
    outside = around(dice, *period, list(known.values())) if known else []
    request_rows.rows(dice, [*inside, *outside], pulled)
    others = request_rows.others(dice, *period, round(counts.tickets * _OTHER_AGENCIES_SHARE))
    strange = odd.rows(inside) if wish.rough else []
    requests = request_rows.numbered(
        dice, [*[draft.row for draft in (*inside, *outside) if draft.row], *others, *strange]
    )
    book = Book(dice=dice, pulled=pulled)
    past(book, inside, wish.until)
    found = results(book, inside)
    return SimulatedCity(
        since=wish.since,
        until=wish.until,
        seed=wish.seed,
        requests=requests,
        complaints=complaints(book, inside, found, wish.crosswalk_share) if inside else [],
        violations=book.rows,
        properties=properties(wish.seed, known),
        addresses=known,
    )
