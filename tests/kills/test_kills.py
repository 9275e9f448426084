"""SIGKILL and SIGTERM at random moments: nothing lost, nothing twice, and next to nothing asked again."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.processes import li_perf, simulated, start, told
from support.truth import truth

from li_perf.simulator.city import build

TICKETS, SEED = 900, 23


@pytest.mark.timeout(180)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_is_ended_again_and_again_loses_nothing(number: signal.Signals, tmp_path: Path) -> None:
    dice = random.Random(int(number))
    with simulated(tickets=TICKETS, seed=SEED, faults="latency=0.1") as city:
        environment = city.environment(tmp_path, LI_PERF_AIS_CONCURRENCY="8")
        ends = []
        verb = ["run", "--since", "2025-01-01", "--until", "2026-01-01"]
        for _ in range(6):  # `run` goes on with its unfinished run, as `resume` does
            ends.append(told(start(verb, environment, tmp_path), number, after=1.2 + 0.8 * dice.random()))
        last = li_perf(verb, environment, tmp_path)
        asked = city.stats()["asked"]
    assert last.returncode == 0, last.stderr
    assert sum(end in (-signal.SIGKILL, 128 + signal.SIGTERM) for end in ends) >= 3, ends
    again = sum(times - 1 for question, times in asked.items() if question != "1234 MARKET ST")
    in_flight = 8 * len(ends) if number == signal.SIGKILL else 0
    assert again <= in_flight, f"{again} questions were asked again"
    _is_true(tmp_path)


def test_a_run_told_to_stop_says_how_to_go_on(tmp_path: Path) -> None:
    with simulated(tickets=400, faults="latency=0.05") as city:
        environment = city.environment(tmp_path, LI_PERF_AIS_RATE="30")
        process = start(["run"], environment, tmp_path)
        _wait_for_answers(tmp_path, process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "li-perf resume" in err
    assert "Traceback" not in err


def test_a_second_run_on_the_same_store_is_refused(tmp_path: Path) -> None:
    with simulated(tickets=300, faults="latency=0.05") as city:
        environment = city.environment(tmp_path, LI_PERF_AIS_RATE="30")
        first = start(["run"], environment, tmp_path)
        _wait_for_answers(tmp_path, first)
        second = li_perf(["run"], environment, tmp_path)
        shown = li_perf(["status", "--json"], environment, tmp_path)
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=30)
    assert second.returncode == 2
    assert "Another run is using" in second.stderr
    assert json.loads(shown.stdout)["questions"]["answered"] > 0
    assert first.returncode == 143


def _wait_for_answers(folder: Path, process: Any) -> None:
    while process.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
        try:
            (count,) = _rows(folder, "select count(*) from lookup where state = 'answered'")[0]
        except sqlite3.OperationalError:
            continue
        if count > 5:
            return
    raise AssertionError(process.communicate())


def _rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    store = sqlite3.connect(f"file:{folder / 'data' / 'philadelphia.db'}?mode=ro", uri=True)
    try:
        return store.execute(sql).fetchall()
    finally:
        store.close()


def _is_true(folder: Path) -> None:
    real = truth(build(tickets=TICKETS, seed=SEED, unanswerable=False))
    report = json.loads((folder / "output" / "report.json").read_text())
    assert {level: report["match_levels"][level]["matched"] for level in ("L0", "M1", "M3(60)")} == {
        level: len(real.levels[level]) for level in ("L0", "M1", "M3(60)")
    }
    found = _rows(folder, "select service_request_id, address_outcome, accounts from ticket")
    assert {number: (outcome, tuple(json.loads(accounts))) for number, outcome, accounts in found} == {
        number: (real.outcomes[number], real.accounts[number]) for number in real.requests
    }
    assert _rows(folder, "pragma integrity_check") == [("ok",)]
    assert _rows(folder, "select count(*) from run") == [(1,)]
