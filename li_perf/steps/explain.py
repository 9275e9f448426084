"""explain: everything that the store knows of one address or request, and why it matches or does not."""

from __future__ import annotations

from typing import Any

import msgspec

from li_perf.errors import StoreError, UserError
from li_perf.model import Outcome
from li_perf.sources import ais
from li_perf.steps.recall import Turn, histories, refuse_unwritable
from li_perf.store import evidence, notes, runs
from li_perf.store.reading import Reads

LEVELS = {
    "is_l0": "L0",
    "is_m1": "M1",
    "is_m2": "M2",
    "is_m3": "M3",
    "is_m4": "M4",
    "is_m5": "M5",
    "is_m6": "M6",
    "is_background": "B",
}


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A violation beside a request: its day, days after the request's (negative: before), and the levels it matches."""

    violationnumber: str
    casenumber: str | None
    violation_on: str | None
    title: str | None
    status: str | None
    lag_days: int | None
    levels: list[str]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One request: its own words, what its address came to, the City's complaints that name it, and its pairs."""

    service_request_id: str
    status: str
    requested_on: str
    closed_on: str | None
    service_name: str | None
    address: str | None
    zipcode: str | None
    outcome: str | None
    accounts: list[str]
    match_type: str | None
    complaints: list[dict[str, Any]]
    pairs: list[Pair]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """`lookup` is the question's row without its body, None where nothing was asked; `fetches` of its parcels.

    `history` is the statuses that each request had, by its number, as far as `clean` put them into the lake.
    """

    asked_of: str
    question: str | None
    lookup: dict[str, Any] | None
    fetches: list[dict[str, Any]]
    requests: list[Told]
    history: dict[str, list[Turn]] = {}


async def explain(ledger: Reads, text: str) -> Evidence:
    """`text` is a request's number or an address. Raises UserError for one that the store does not know."""
    run = await runs.cleaned(ledger) or await runs.latest(ledger)
    if run is None:
        raise StoreError(f"Nothing was run on {ledger.path} yet. Begin with `li-perf run`.")
    refuse_unwritable(text)
    requests = await ledger.rows(evidence.requests_by_id(text.strip()))
    asked = ais.question(text)
    question = requests[0].question if requests else None if isinstance(asked, Outcome) else asked
    if not requests and question:
        requests = await ledger.rows(evidence.requests_of(question))
    found = await ledger.rows(evidence.look_up(question)) if question else []
    if not requests and not found:
        raise UserError(
            f"The store {ledger.path} knows no request and no address {text!r}. "
            "Is it of another period, or written otherwise? An address is written as in the request."
        )
    accounts = sorted({account for row in requests for account in _accounts(row.accounts)})
    return Evidence(
        asked_of=text,
        question=question,
        lookup=dict(found[0]._mapping) if found else None,
        fetches=[dict(row._mapping) for row in await ledger.rows(evidence.fetches_of(run.id, accounts))],
        requests=[await _told(ledger, row) for row in requests],
        history=await histories(ledger.path, [row.service_request_id for row in requests]),
    )


async def request(ledger: Reads, number: str) -> Told | None:
    """One request by its number, None where the store has none."""
    rows = await ledger.rows(evidence.requests_by_id(number))
    return await _told(ledger, rows[0]) if rows else None


async def _told(ledger: Reads, row: Any) -> Told:
    number = row.service_request_id
    return Told(
        service_request_id=number,
        status=row.status,
        requested_on=row.requested_on,
        closed_on=row.closed_on,
        service_name=row.service_name,
        address=row.address,
        zipcode=row.zipcode,
        outcome=row.address_outcome,
        accounts=_accounts(row.accounts),
        match_type=row.match_type,
        complaints=[dict(named._mapping) for named in await ledger.rows(evidence.complaints_of(number))],
        pairs=[_pair(pair) for pair in await ledger.rows(evidence.pairs_of(number))],
    )


def _pair(row: Any) -> Pair:
    return Pair(
        violationnumber=row.violationnumber,
        casenumber=row.casenumber,
        violation_on=row.violation_on,
        title=row.violationcodetitle,
        status=row.violationstatus,
        lag_days=row.lag_days,
        levels=[level for flag, level in LEVELS.items() if getattr(row, flag)],
    )


def _accounts(text: str | None) -> list[str]:
    return notes.read(text or "[]", list[str], "a ticket")
