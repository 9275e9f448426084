"""Whether the store's sums add up: questions by state, downloads, rows kept and rejected, tickets and outcomes."""

from __future__ import annotations

from typing import Any

from li_perf.cities.city import City
from li_perf.model import State
from li_perf.steps.check import REBUILD, Check, forget
from li_perf.store import soundness, tables
from li_perf.store.ledger import Ledger


async def states(ledger: Ledger, *, name: str, table: Any) -> Check:
    """Every question, or parcel and case, is in one of the states, and a failed one says why."""
    found = await soundness.states(ledger, table)
    known = {str(state).encode(): state for state in State}
    findings = [
        f"{count:,} in a state {state!a}, which is none" for state, count in found.items() if state not in known
    ]
    if unexplained := await ledger.scalar(soundness.unexplained(table)):
        findings.append(f"{unexplained:,} failed without a reason")
    detail = f"{sum(found.values()):,} = " + " + ".join(
        f"{found.get(key, 0):,} {state}" for key, state in known.items()
    )
    return Check(name=name, detail=detail, findings=findings, remedy=_ask_again(ledger, table))


def _ask_again(ledger: Ledger, table: Any) -> str:
    known = ", ".join(f"'{state}'" for state in State)
    return (
        f"sqlite3 {ledger.path} \"UPDATE {table.name} SET state = 'failed', reason = 'damaged' "
        f"WHERE state NOT IN ({known}) OR state = 'failed' AND reason IS NULL\", then `li-perf retry` asks them again."
    )


async def downloads(ledger: Ledger) -> Check:
    bad = await soundness.unfinished_books(ledger)
    findings = [
        f"run {row.run_id} received {row.received:,} rows of {row.dataset.decode(errors='replace')!a}, "
        f"where {'its last page names a next one' if row.has_more else f'the server counted {row.counted:,}'}"
        for row in bad
    ]
    count = await ledger.scalar(soundness.count_downloads())
    remedy = forget(ledger.path, sorted({row.run_id for row in bad}))
    return Check(name="downloads", detail=f"{count:,} complete downloads", findings=findings, remedy=remedy)


async def rows(ledger: Ledger, *, city: City) -> Check:
    """Every row received is a ticket or a complaint, or a counted reject."""
    kept = {city.requests.table: tables.ticket}
    if city.inspections:
        kept[city.inspections.complaints.table] = tables.complaint
    findings, seen = [], []
    for dataset, table in kept.items():
        if (book := await soundness.book(ledger, dataset, table)) is None:
            return Check(name="rows", detail="not yet: the last run is not finished")
        sums = f"{book.received:,} of {dataset} = {book.kept:,} kept + {book.rejected:,} rejected"
        if book.received != book.kept + book.rejected:
            findings.append(f"{sums} does not add up")
        seen.append(sums)
    return Check(name="rows", detail=", ".join(seen), findings=findings, remedy=REBUILD)


async def tickets(ledger: Ledger) -> Check:
    found = await soundness.tickets(ledger)
    if found is None:
        return Check(name="tickets", detail="not yet: the last run is not finished")
    wrong = {
        "without one known outcome": found.odd,
        "without a list of accounts": found.listless,
        "whose question was never asked": found.unasked,
    }
    findings = [f"{count:,} {which}" for which, count in wrong.items() if count]
    return Check(name="tickets", detail=f"{found.all:,} tickets, one outcome each", findings=findings, remedy=REBUILD)
