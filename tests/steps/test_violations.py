"""The violations of accounts and cases: who is fetching what."""

from __future__ import annotations

import asyncio
from pathlib import Path

from support.runs import rows, settings_for, work

from li_perf.simulator.city import build
from li_perf.simulator.server import serve
from li_perf.steps.job import Job
from li_perf.steps.paging import begin
from li_perf.steps.violations import ACCOUNT, Violations
from li_perf.store import questions


async def test_what_one_caller_is_fetching_another_does_not_ask_for(tmp_path: Path) -> None:
    city = build(tickets=60, unanswerable=False)
    accounts = sorted({row["opa_account_num"] for row in city.violations})[:20]

    async def twice(job: Job) -> None:
        await job.ledger.save(questions.add_fetches(job.run.id, ACCOUNT, accounts))
        columns = await begin(job, job.inspections.violations, (), counts=False)
        violations = Violations(job=job, columns=columns)
        await asyncio.gather(violations.fetch(ACCOUNT, accounts[:15]), violations.fetch(ACCOUNT, accounts[5:]))

    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)
        await work(settings, city, twice)
        asked = " ".join(wire.what for wire in simulation.log if " IN (" in wire.what)
    assert [account for account in accounts if asked.count(f"'{account}'") != 1] == []
    assert rows(settings, "select distinct state from fetch") == [("answered",)]
