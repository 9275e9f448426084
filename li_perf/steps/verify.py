"""verify: whether what the store holds is still what was received, and whether its sums add up. It only reads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from li_perf.cities.city import City, LicensesAndInspections
from li_perf.errors import StoreError
from li_perf.steps import verify_lake, verify_received, verify_sums
from li_perf.steps.check import Check, restore
from li_perf.store import soundness, tables
from li_perf.store.ledger import Ledger


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """All checks of one store."""

    store: str
    is_sound: bool
    checks: list[Check]


async def verify(ledger: Ledger, city: City) -> Verification:
    """Every check, whatever the others find; nothing is changed."""
    checks: dict[str, Callable[[Ledger], Awaitable[Check]]] = {
        "file": _file,
        "pages": partial(verify_received.pages, city=city),
        "downloads": verify_sums.downloads,
        "silver": partial(verify_lake.silver, city=city),
    }
    checks |= _of_inspections(city, city.inspections) if city.inspections else {}
    found = [await _tried(name, check, ledger) for name, check in checks.items()]
    return Verification(store=str(ledger.path), is_sound=all(check.is_sound for check in found), checks=found)


def _of_inspections(city: City, inspections: LicensesAndInspections) -> dict[str, Callable[[Ledger], Awaitable[Check]]]:
    """What only a city with an inspection agency's violations has: questions, their answers, and what is matched."""
    return {
        "answers": verify_received.answers,
        "questions": partial(verify_sums.states, name="questions", table=tables.lookup),
        "parcels and cases": partial(verify_sums.states, name="parcels and cases", table=tables.fetch),
        "violations": partial(verify_received.violations, table=inspections.violations.table),
        "rows": partial(verify_sums.rows, city=city),
        "tickets": verify_sums.tickets,
    }


async def _tried(name: str, check: Callable[[Ledger], Awaitable[Check]], ledger: Ledger) -> Check:
    try:
        found = await check(ledger)
        return found if found.findings else msgspec.structs.replace(found, remedy=None)
    except StoreError as error:
        return Check(name=name, detail="could not be read", findings=[str(error)], remedy=restore(ledger.path))


async def _file(ledger: Ledger) -> Check:
    problems = await soundness.file_problems(ledger)
    detail = f"{await soundness.page_count(ledger):,} pages, their records and indexes"
    return Check(name="file", detail=detail, findings=problems, remedy=restore(ledger.path))
