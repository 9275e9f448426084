"""SIGKILL at random moments of a run with prefill: the sample, the verdict and every figure are those of one piece."""

from __future__ import annotations

import json
import random
import signal
from pathlib import Path
from typing import Any

import pytest
from support.processes import City, li_perf, simulated, start, told

VERB = ["run", "--prefill", "--audit", "60"]


def report(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "output" / "report.json").read_text())
    return {name: found[name] for name in ("prefill", "match_levels", "address_outcomes")} | found["lookups"][
        "by_source"
    ]


def environment(city: City, folder: Path) -> dict[str, str]:
    folder.mkdir()
    return city.environment(folder, LI_PERF_AIS_CONCURRENCY="4")


@pytest.mark.timeout(180)
def test_a_run_with_prefill_that_is_killed_again_and_again_comes_to_the_same(tmp_path: Path) -> None:
    dice = random.Random(311)
    with simulated(tickets=400, seed=29, faults="latency=0.05") as city:
        straight = environment(city, tmp_path / "straight")
        assert li_perf(VERB, straight, tmp_path / "straight").returncode == 0
        before = city.stats()["ais_requests"]
        broken = environment(city, tmp_path / "broken")
        ends = [
            told(start(VERB, broken, tmp_path / "broken"), signal.SIGKILL, after=1.0 + dice.random()) for _ in range(4)
        ]
        last = li_perf(VERB, broken, tmp_path / "broken")
        calls = city.stats()["ais_requests"] - before
    assert last.returncode == 0, last.stderr
    assert ends.count(-signal.SIGKILL) >= 2, ends
    assert report(tmp_path / "broken") == report(tmp_path / "straight")
    greetings, in_flight = len(ends) + 1, 4 * len(ends)
    assert calls <= report(tmp_path / "straight")["ais"] + greetings + in_flight
