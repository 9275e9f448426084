"""Pages of a table whose key has groups, which changes while it is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from aiohttp import web
from support.runs import Brisk

from li_perf.cities import CITIES
from li_perf.model import Period
from li_perf.session import Order, Which, at_work
from li_perf.settings import load
from li_perf.sources import sql
from li_perf.steps.clean import row_pages
from li_perf.steps.job import Job
from li_perf.steps.paging import fetch_all
from li_perf.store import pages


async def test_a_group_that_changes_between_two_pages_loses_no_row(tmp_path: Path) -> None:
    """One of its rows goes, and another comes elsewhere: as many as before, and the last page began with all of it."""
    groups = {"T1": "1", "T2": "2", "T3": "3a 3b", "T4": "4", "T5": "5", "T6": "6", "T7": "7", "T8": "8", "T9": "9"}
    table = sqlite3.connect(":memory:")
    table.row_factory = sqlite3.Row
    table.execute("create table complaints (complaintnumber, casenumber, complaintdate, ticket_num_311)")

    def add(ticket: str, number: str) -> None:
        table.execute("insert into complaints values (?, null, '2025-01-02T00:00:00Z', ?)", (number, ticket))

    for ticket, numbers in groups.items():
        for number in numbers.split():
            add(ticket, number)
    paged: list[str] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        statement = str((await request.post())["q"])
        found = [dict(row) for row in table.execute(statement)]
        paged.extend([statement] if "LIMIT 4" in statement else [])
        if len(paged) == 1 and "LIMIT 4" in statement:
            table.execute("delete from complaints where complaintnumber = '3b'")
            add("T95", "95")
        fields: dict[str, Any] = {name: {} for name in found[0]} if found else {}
        return web.json_response({"rows": found, "fields": fields, "total_rows": len(found)})

    async def numbers(job: Job) -> list[str]:
        dataset = replace(job.inspections.complaints, page_size=4)
        await fetch_all(job, dataset, [sql.present("ticket_num_311")])
        received: list[str] = []

        def take(bodies: Iterator[bytes]) -> None:
            received.extend(row["complaintnumber"] for page in row_pages(dataset, bodies) for row in page)

        await pages.with_bodies(job.ledger, job.run.id, "complaints", take)
        return received

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    settings = load(data=tmp_path, output=tmp_path, carto_url=url, ais_url=url, carto_rate=0.0, ais_rate=0.0)
    period = Period(since=date(2025, 1, 1), until=date(2026, 1, 1))
    order = Order(city=CITIES["philadelphia"], settings=settings, which=Which.NEW_OR_UNFINISHED, period=period)
    try:
        received = await at_work(order, numbers, Brisk())
    finally:
        await runner.cleanup()
    there = [row[0] for row in table.execute("select complaintnumber from complaints order by ticket_num_311")]
    assert received == there
