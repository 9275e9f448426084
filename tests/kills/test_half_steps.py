"""The store as a kill would leave it behind each single commit: no half step, and no call ahead of its answer.

A process that is killed leaves what its last commit left, so that looking behind every commit is a kill at each.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from chaos.checks import half_steps
from chaos.passages import DRIVERS, connecting
from support.runs import settings_for, work

from li_perf.engine.client import Client
from li_perf.simulator.city import build
from li_perf.simulator.faults import Faults
from li_perf.simulator.server import serve
from li_perf.wire import Reply, Request

ACCOUNT = re.compile(r"'([0-9]{9})'")


class Watch:
    """Notes what is half done in the store at `path`, read through a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connect = sqlite3.connect
        self.commits = 0
        self.half: list[str] = []

    def passed(self, label: str) -> None:
        if label == "after COMMIT":
            self.commits += 1
            with closing(self._open()) as store:
                self.half += half_steps(store)

    def durable_accounts(self) -> set[str]:
        """Accounts of answers that no kill can take back any more."""
        with closing(self._open()) as store:
            return {value for (value,) in store.execute("select value from fetch where kind = 'account'")}

    def _open(self) -> sqlite3.Connection:
        return self._connect(f"file:{self._path}?mode=ro", uri=True)


def _watched(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The accounts that were asked about before they were durable, of each call to Carto."""
    ahead: list[set[str]] = []
    send: Callable[..., Any] = Client.send_unlimited

    async def watched(client: Client, request: Request, **how: Any) -> Reply:
        if request.form and " FROM violations " in request.form["q"]:
            ahead.append(set(ACCOUNT.findall(request.form["q"])) - watch.durable_accounts())
        return await send(client, request, **how)

    monkeypatch.setattr(Client, "send_unlimited", watched)
    numbered = connecting(watch.passed)
    for module in DRIVERS:
        monkeypatch.setattr(module, "connect", numbered)
    return ahead


async def test_no_commit_leaves_half_a_step_and_no_call_goes_ahead_of_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = build(tickets=60, seed=4, unanswerable=False)
    watch = Watch(tmp_path / "data" / "philadelphia.db")
    async with serve(city, faults=Faults(latency=0.002)) as simulation:
        settings = settings_for(simulation, tmp_path, ais_concurrency=4)
        ahead = _watched(watch, monkeypatch)
        findings = await asyncio.wait_for(work(settings, city), 60)
    assert watch.commits > 15
    assert watch.half == []
    assert len(ahead) >= 2
    assert set().union(*ahead) == set()
    assert findings.lookups.pending == findings.lookups.fetches_pending == 0
