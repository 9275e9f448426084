"""li_perf's own engine as a contestant: `enrich`, as a run does it, over a store that has its tickets already.

`python -m bench.ours seed FOLDER COUNT` makes the store; `python -m bench.ours run FOLDER --ais URL --carto URL` works.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from bench.questions import questions
from li_perf.cities import CITIES
from li_perf.engine.halt import Halt
from li_perf.model import Period
from li_perf.session import Order, Which, at_work
from li_perf.settings import load
from li_perf.signals import until_told
from li_perf.steps.enrich import enrich
from li_perf.steps.job import Job
from li_perf.store.tables import ticket

PERIOD = Period(since=date(2025, 1, 1), until=date(2026, 1, 1))
NOWHERE = "http://127.0.0.1:9"  # a store is seeded without any server


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.ours", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    seeding = verbs.add_parser("seed")
    seeding.add_argument("folder", type=Path)
    seeding.add_argument("count", type=int)
    running = verbs.add_parser("run")
    running.add_argument("folder", type=Path)
    running.add_argument("--ais", default=NOWHERE)
    running.add_argument("--carto", default=NOWHERE)
    running.add_argument("--concurrency", type=int, default=100)
    running.add_argument("--stubbed", action="store_true", help="answers made in the process instead of fetched")
    wish = parser.parse_args()
    if wish.verb == "seed":
        seed(wish.folder, wish.count)
    else:
        run(wish)


def seed(folder: Path, count: int) -> None:
    """A store with one ticket a question, as `clean` leaves it."""

    async def fill(job: Job) -> None:
        for block in _blocks(count, 5_000):
            await job.ledger.save((INSERT, block))

    order = Order(
        city=CITIES["philadelphia"],
        settings=load(data=folder, ais_url=NOWHERE, carto_url=NOWHERE, ais_rate=0.0, carto_rate=0.0),
        which=Which.NEW_OR_UNFINISHED,
        period=PERIOD,
        with_servers=False,
    )
    until_told(lambda halt: at_work(order, fill, halt))


def run(wish: argparse.Namespace) -> None:
    if wish.stubbed:
        from bench import stub

        stub.install()
    settings = load(
        data=wish.folder,
        ais_url=wish.ais,
        carto_url=wish.carto,
        ais_rate=0.0,
        carto_rate=0.0,
        ais_concurrency=wish.concurrency,
    )
    order = Order(city=CITIES["philadelphia"], settings=settings, which=Which.NEW_OR_UNFINISHED, period=PERIOD)

    def work(halt: Halt) -> Any:
        return at_work(order, enrich, halt)

    until_told(work)


INSERT = insert(ticket)


def _blocks(count: int, size: int) -> Iterator[list[dict[str, Any]]]:
    block: list[dict[str, Any]] = []
    for number, question in enumerate(questions(count)):
        block.append(
            {
                "service_request_id": str(10_000_000 + number),
                "status": "Closed",
                "is_open": 0,
                "requested_at": "2025-03-04T15:00:00Z",
                "requested_on": "2025-03-04",
                "agency_responsible": "License & Inspections",
                "service_name": "Maintenance Complaint",
                "address": question,
                "question": question,
            }
        )
        if len(block) == size:
            yield block
            block = []
    if block:
        yield block


if __name__ == "__main__":
    main()
