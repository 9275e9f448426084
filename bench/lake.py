"""How fast rows become tickets of the lake, and in how much memory: `python -m bench.lake [ROWS] [FOLDER]`.

Rows are read tickets, so that reading a portal's rows is not part of it; New York has 3.6 million a year.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from li_perf.model import Point, Ticket
from li_perf.store.batch import Batch
from li_perf.store.lake import Counts, Cursor, look

PAGE = 50_000
YEAR = 365 * 86_400
SAID = "The Police Department responded to the complaint and took action to fix the condition, case {}."
Change = Callable[[int, Ticket], Ticket]


def tickets(count: int, change: Change) -> Iterator[Ticket]:
    """A year of requests, spread evenly; one in twenty is open."""
    for number in range(count):
        at = datetime(2025, 1, 1, 5, tzinfo=UTC) + timedelta(seconds=number * YEAR // count)
        closed_at = at + timedelta(hours=number % 500) if number % 20 else None
        made = Ticket(
            service_request_id=str(60_000_000 + number),
            status="Closed" if closed_at else "Open",
            is_open=closed_at is None,
            service_name=f"Noise - {number % 200}",
            service_type=f"Loud {number % 50}",
            agency_responsible="NYPD",
            requested_at=at,
            requested_on=(at - timedelta(hours=5)).date(),
            updated_at=closed_at or at,
            closed_at=closed_at,
            closed_on=closed_at.date() if closed_at else None,
            address=f"{number % 9_999} BROADWAY",
            zipcode="10001",
            point=Point(lon=-73.9 - number % 1_000 / 10_000, lat=40.7),
            area=f"area {number % 70}",
            channel="MOBILE",
            resolution=SAID.format(number % 300),
        )
        yield change(number, made)


def batch(folder: Path, count: int, first: int, change: Change) -> Counts:
    """All of it again, each ticket as `change` has it."""
    rows, page = tickets(count, change), first
    with Batch(look(folder)) as taking:
        while block := list(islice(rows, PAGE)):
            taking.stage(block, page=page, fetched_at="2026-01-01T00:00:00Z", dataset="requests")
            page += 1
        return taking.commit(Cursor(run=1, started_at="", last_run=1, page=page)).counts


def measured(label: str, folder: Path, count: int, first: int, change: Change) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    counts = batch(folder, count, first, change)
    took, used = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    disk = sum(file.stat().st_size for file in folder.rglob("*.parquet")) / 1e6
    what = f"{counts.new:,} new, {counts.changed:,} changed"
    print(
        f"| {label} | {what} | {took:.1f} | {used:.1f} | {count / took:,.0f} | {peak:,.0f} | {disk:,.0f} |", flush=True
    )


def main(count: int, folder: Path) -> None:
    began = time.perf_counter()
    made = sum(1 for _ in tickets(count, lambda _, ticket: ticket))
    print(f"Making {made:,} tickets alone takes {time.perf_counter() - began:.1f} s; it is part of every row below.\n")
    print("| batch | came to | s | CPU s | rows/s | peak MB | MB on disk |\n|---|---|--:|--:|--:|--:|--:|")
    later = timedelta(days=400)
    cases: list[tuple[str, Change]] = [
        ("all for the first time", lambda _, ticket: ticket),
        ("all touched, none changed", lambda _, ticket: replace(ticket, updated_at=ticket.requested_at + later)),
        ("one in twenty changed", lambda n, ticket: ticket if n % 20 else replace(ticket, status="Closed")),
        ("all changed", lambda _, ticket: replace(ticket, status="Done")),
    ]
    for number, (label, change) in enumerate(cases):
        measured(label, folder, count, 1 + number * (count // PAGE + 1), change)


if __name__ == "__main__":
    with TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as place:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3_600_000, Path(place) / "bench.lake")
