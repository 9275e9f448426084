"""The second stage: every parcel is asked about once, however its account became known."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from support.runs import settings_for, work

from li_perf.engine.halt import Stopped
from li_perf.simulator.city import build
from li_perf.simulator.server import serve
from li_perf.steps import backlog
from li_perf.steps.job import Job
from li_perf.store import fetches


async def test_no_parcel_is_asked_about_twice_in_one_run(tmp_path: Path) -> None:
    city = build(tickets=150, unanswerable=False)
    async with serve(city) as simulation:
        await work(settings_for(simulation, tmp_path), city)
        asked = _accounts(simulation.log)
    assert asked
    assert {account: times for account, times in asked.items() if times > 1} == {}


async def test_small_batches_ask_for_the_same_parcels(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(backlog, "BATCH", 7)
    monkeypatch.setattr(backlog, "AHEAD", 14)
    city = build(tickets=150, unanswerable=False)
    async with serve(city) as simulation:
        await work(settings_for(simulation, tmp_path), city)
        asked = _accounts(simulation.log)
    assert max(asked.values()) == 1
    assert len(asked) > 7 * 10


async def test_what_an_interrupted_run_left_is_fetched_by_the_next(tmp_path: Path) -> None:
    city = build(tickets=60, unanswerable=False)
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)

        async def left(job: Job) -> None:
            await job.ledger.save(fetches.add(job.run.id, "account", ["999999999"]))
            raise Stopped

        try:
            await work(settings, city, left)
        except Stopped:
            await work(settings, city)
        assert _accounts(simulation.log)["999999999"] == 1


def _accounts(log) -> Counter[str]:  # type: ignore[no-untyped-def]
    """How often each account was asked about; Carto's log holds the statements."""
    statements = (wire.what for wire in log if " IN (" in wire.what and "opa_account_num" in wire.what)
    return Counter(account for statement in statements for account in re.findall(r"'(\d{9})'", statement))
