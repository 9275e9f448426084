"""Random plans of what goes wrong, each with a whole run, interrupted and resumed, in virtual time.

`SEED=1234 pytest tests/virtual` replays one, and shows every request.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine.virtual import virtual_runner
from support.chaos import bounded, note
from virtual.invariants import broken
from virtual.plan import draw
from virtual.voyage import Voyage, sail

SEEDS = [int(os.environ["SEED"])] if "SEED" in os.environ else range(bounded(20, 1_000))


@pytest.fixture(scope="module")
def figures() -> Iterator[Counter[str]]:
    """Sums over the seeds that one process runs."""
    sums: Counter[str] = Counter()
    yield sums
    for figure, value in sums.items():
        note(f"virtual time: {figure}", round(value, 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_goes_wrong_every_question_ends_rightly(seed: int, tmp_path: Path, figures: Counter[str]) -> None:
    begun = time.monotonic()
    with virtual_runner() as runner:
        voyage = runner.run(sail(draw(seed), tmp_path))
    promises = list(broken(voyage))
    if promises or "SEED" in os.environ:
        print(_account(voyage))
    assert not promises, f"replay this with SEED={seed} pytest tests/virtual"
    figures["seeds passed"] += 1
    figures["sessions"] += len(voyage.sessions)
    figures["requests"] += len(voyage.front.log)
    figures["faults"] += sum(seen.fault is not None for seen in voyage.front.log)
    figures["virtual hours"] += voyage.front.age / 3_600
    figures["real seconds"] += time.monotonic() - begun


def _account(voyage: Voyage) -> str:
    sessions = [f"{one.start:9.3f} to {one.end:9.3f} s: {one.ended_by!r}" for one in voyage.sessions]
    requests = [
        f"{seen.at:9.3f} s {seen.session} {seen.server:5} {seen.fault or 'good':20} {seen.what[:80]!r}"
        for seen in voyage.front.log
    ]
    return "\n".join([str(voyage.plan), *sessions, *requests])
