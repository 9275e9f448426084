"""SIGKILL at random moments of a run with prefill: the sample, the verdict and every figure are those of one piece."""

from __future__ import annotations

import json
import random
import signal
from pathlib import Path
from typing import Any

import pytest
from chaos.forked import forking
from chaos.town import environment
from support.chaos import bounded
from support.processes import simulated

VERB = ["run", "--prefill", "--audit", "60"]
KILLS = bounded(3, 12)
IN_FLIGHT = 16  # at most, after fifteen answers: the limit begins with 4 and doubles; as many wait for their commit


def report(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "output" / "report.json").read_text())
    return {name: found[name] for name in ("prefill", "match_levels", "address_outcomes")} | found["lookups"][
        "by_source"
    ]


@pytest.mark.timeout(bounded(180, 1_800))
def test_a_run_with_prefill_that_is_killed_again_and_again_comes_to_the_same(tmp_path: Path) -> None:
    dice = random.Random(311)
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    with simulated(tickets=400, seed=29, faults="latency=0.01") as city, forking() as runner:
        whole = runner.run(VERB, environment(city, straight), straight)
        assert whole.code == 0, whole.err
        before = city.stats()["ais_requests"]
        moments = [
            ("after call Carto", dice.randint(4, 9)),
            *(("after call AIS", dice.randint(2, 15)) for _ in range(KILLS - 1)),
        ]
        for label, count in moments:
            process = runner.start(VERB, environment(city, broken), broken)
            process.until(label, count=count)
            process.send(signal.SIGKILL)
            assert process.end().code == -signal.SIGKILL, process.end().err
        last = runner.run(VERB, environment(city, broken), broken)
        calls = city.stats()["ais_requests"] - before
    assert last.code == 0, last.err
    assert report(broken) == report(straight)
    greetings, at_risk = KILLS + 1, 2 * IN_FLIGHT * (KILLS - 1)
    assert calls <= report(straight)["ais"] + greetings + at_risk
