"""An exception of any kind in any step: the process ends by itself, at once, and the run can be gone on with."""

from __future__ import annotations

import random

import pytest
from chaos.passages import Plan
from chaos.town import WORKERS, Town
from support.chaos import bounded, note

AT_MOST = 5.0  # seconds; a database thread that nobody ended would hold the process for ever
PER_START = WORKERS + 4
SHARES = bounded(1, 2)


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("share", range(SHARES))
def test_an_exception_at_any_step_ends_the_process_and_loses_nothing(small_town: Town, share: int) -> None:
    last, spoilt, slowest = len(small_town.steps), 0, 0.0
    some = [random.randint(1 + last * n // 2, last * (n + 1) // 2) for n in range(2)]
    steps = bounded(some, list(range(1 + share, last, 2 * SHARES)))  # type: ignore[call-overload]
    for step in steps:
        story = small_town.new()
        ending = story.start(Plan(raise_at=step)).end(60)
        spoiled = story.folder / "spoiled"
        if not spoiled.exists():
            assert ending.code == 0, ending.err
            continue  # this run had fewer steps
        passage = spoiled.read_text()  # not always that of the undisturbed run: workers take turns as they come
        where = f"an exception at step {step} ({passage})"
        spoilt += 1
        seconds = ending.at - spoiled.stat().st_mtime
        assert seconds < AT_MOST, f"{where}: still alive {seconds:.0f} s later"
        is_closing = passage.endswith(" close")  # behind the last commit: the pool logs it, no more
        assert ending.code != 0 or is_closing, where
        try:
            story.finish(again=story.town.at_risk, carto=PER_START)
        except AssertionError as error:
            raise AssertionError(f"{where}: {error}") from error
        slowest = max(slowest, seconds)
    assert spoilt
    note("exceptions at numbered steps", {"steps": spoilt, "slowest (s)": round(slowest, 2)})
