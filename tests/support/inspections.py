"""Small worlds: a few requests, violations and complaints, written in days since 1 January 2025."""

from __future__ import annotations

import random
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from li_perf.analysis import matching
from li_perf.analysis.summary import Summary, summarise
from li_perf.store.query import Tables
from li_perf.store.workbench import Workbench

FIRST = date(2025, 1, 1)
SERVICES = ("Maintenance Complaint", "License Complaint", "Fire Safety Complaint", None)
FAMILIES = ("property_maintenance", "licenses", "fire", None)


def day(offset: int | None) -> date | None:
    return None if offset is None else FIRST + timedelta(days=offset)


class World:
    """Rows for the tables of `matching.SCHEMAS`, by name."""

    def __init__(self, stack: ExitStack, *, spill: Path) -> None:
        self._stack, self._spill = stack, spill
        self.tables: dict[str, list[tuple[Any, ...]]] = {name: [] for name in matching.SCHEMAS}
        self.extracted(365)

    def extracted(self, on: int, *, window_days: int = 60) -> None:
        self.tables["setting"] = [(day(on), window_days)]

    def request(
        self,
        name: str,
        on: int,
        *,
        accounts: tuple[str, ...] = ("p1",),
        second: int = 0,
        service: str | None = "Maintenance Complaint",
        is_open: bool = False,
        closed: int | None = None,
        address: str | None = "1 A ST",
        outcome: str | None = None,
        is_building_level: bool = False,
    ) -> None:
        requested_on = FIRST + timedelta(days=on)
        noon = datetime(requested_on.year, requested_on.month, requested_on.day, 17, tzinfo=UTC)
        outcome = outcome or ("parcel_exact" if accounts else "parcel_not_found")
        closing = (day(closed), closed is not None)
        at = noon + timedelta(seconds=second)
        row = (name, service, is_open, at, requested_on, *closing, address, outcome, is_building_level)
        self.tables["ticket"].append(row)
        self.tables["ticket_account"] += [(name, account) for account in accounts]

    def violation(
        self,
        on: int | None,
        *,
        account: str | None = "p1",
        case: str | None = None,
        family: str | None = None,
        casestatus: str | None = None,
    ) -> int:
        number = len(self.tables["violation"]) + 1
        row = (number, f"VI-{number}", case, account, day(on), casestatus, family)
        self.tables["violation"].append(row)
        return number

    def complaint(self, case: str | None, request: str | None, *, is_inspected: bool = False) -> None:
        self.tables["complaint"].append((case, request, is_inspected))

    def allow(self, service: str, family: str) -> None:
        self.tables["allowed"].append((service, family))

    def matched(self) -> Tables:
        """The tables, loaded and matched."""
        tables = self._stack.enter_context(Tables(spill=self._spill))
        self.match(tables)
        return tables

    def match(self, tables: Workbench) -> None:
        """Load the tables there, and match them."""
        for name, schema in matching.SCHEMAS.items():
            tables.load(name, schema, self.tables[name])
        for statement in matching.STATEMENTS:
            tables.make(statement.name, statement.select)

    def levels(self) -> dict[str, str]:
        """The levels that each request reaches, as one text: `m1 m2 m3`."""
        flags = ("l0", "m1", "m2", "m3", "m4", "m5", "m6", "b")
        rows = self.matched().rows(f"select service_request_id, {', '.join(flags)} from request_level")
        return {row[0]: " ".join(flag for flag, value in zip(flags, row[1:], strict=True) if value) for row in rows}

    def summary(self, **options: Any) -> Summary:
        return summarise(self.matched().rows, **{"replicates": 20} | options)


def fill(world: World, seed: int) -> World:
    """Crowded parcels, several accounts, undated violations, cases over parcels: another world for each seed."""
    dice = random.Random(seed)
    for n in range(dice.randrange(25)):
        on = dice.randrange(200)
        accounts = tuple(f"p{dice.randrange(5)}" for _ in range(dice.choice((0, 1, 1, 1, 2, 3))))
        world.request(
            f"r{n:02}",
            on,
            accounts=accounts,
            second=dice.randrange(3),
            service=dice.choice(SERVICES),
            is_open=dice.random() < 0.3,
            closed=dice.choice((None, on + dice.randrange(80))),
            address=dice.choice((None, "", "1 A ST", "2 B ST")),
            outcome=None if accounts else dice.choice(("lookup_failed", "address_null", "no_account")),
            is_building_level=dice.random() < 0.2,
        )
    for _ in range(dice.randrange(30)):
        world.violation(
            dice.choice((None, *(dice.randrange(-100, 320) for _ in range(9)))),
            account=dice.choice((None, "", *(f"p{n}" for n in range(6)))),
            case=dice.choice((None, "", *(f"c{n}" for n in range(8)))),
            family=dice.choice(FAMILIES),
            casestatus=dice.choice((None, "CLOSED", "IN VIOLATION")),
        )
    for _ in range(dice.randrange(12)):
        request = dice.choice((None, f"r{dice.randrange(28):02}"))
        world.complaint(dice.choice((None, "c0", "c1", "c2", "c9")), request, is_inspected=dice.random() < 0.5)
    for service, family in zip(SERVICES[:3], FAMILIES[:3], strict=True):
        world.allow(service or "", family or "")
    world.allow("Fire Safety Complaint", "property_maintenance")
    world.extracted(dice.choice((120, 220, 400)), window_days=dice.choice((60, 60, 20)))
    return world
