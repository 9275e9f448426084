"""A kill at every numbered step of a run: before and after each call, statement, commit, rename and close."""

from __future__ import annotations

import random
from itertools import count

import pytest
from chaos.checks import left_over
from chaos.passages import ANSWERS, KILLED, Plan
from chaos.town import WORKERS, Town
from support.chaos import bounded, note

SHARES = bounded(1, 2)  # so many workers divide the steps among them
GREETED = 4  # calls that each start costs Carto: a greeting, a table's columns, a count of its rows before and after


def test_a_run_passes_every_kind_of_step(small_town: Town) -> None:
    """What is not passed any more is not killed at either: then the numbering must be mended."""
    kinds = {" ".join(step.split()[1:3]) for step in small_town.steps}
    assert kinds >= {"call AIS", "call Carto", "BEGIN IMMEDIATE", "COMMIT", "close", "os.replace", "os.fsync"}
    assert kinds >= {"CREATE TABLE", "PRAGMA USER_VERSION", "INSERT INTO", "UPDATE LOOKUP", "UPDATE FETCH"}
    assert f"before {ANSWERS}" in small_town.steps, "the tests that stop in the middle of a commit wait for it"
    asked = len(small_town.real.questions) + 1
    calls = small_town.steps.count("before call AIS")
    assert calls == small_town.steps.count("after call AIS")
    assert calls in (asked, asked + 1), "one more where the last answers named no parcel"
    assert small_town.steps.count("before call Carto") == small_town.carto_calls


def _some_of(last: int, number: int) -> list[int]:
    """Evenly spread, and random in its stretch each."""
    return [random.randint(1 + last * n // number, last * (n + 1) // number) for n in range(number)]


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("share", range(SHARES))
def test_a_kill_at_any_step_loses_nothing_and_repeats_nothing(small_town: Town, share: int) -> None:
    every = count(1 + share, SHARES)
    passed = 0
    for step in bounded(_some_of(len(small_town.steps), 3), every):  # type: ignore[call-overload]
        story = small_town.new()
        first = story.run(Plan(die_at=step))
        if first.code == 0:
            break  # the run has fewer steps
        where = f"killed at step {step} ({first.passages[-1]})"
        assert first.code == KILLED, f"{where}: {first.err}"
        try:
            story.finish(again=story.town.at_risk, carto=WORKERS + GREETED)
        except AssertionError as error:
            raise AssertionError(f"{where}: {error}") from error
        assert left_over(story.folder) == [], where
        passed += 1
    note("kills at numbered steps", {"distinct steps, all passed": passed})
    assert passed


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("seed", range(bounded(1, 8)))
def test_a_run_killed_every_few_steps_gets_to_its_end(small_town: Town, seed: int) -> None:
    dice, story, kills = random.Random(seed), small_town.new(), 0
    while (ending := story.run(Plan(die_at=dice.randint(80, 240)))).code == KILLED:
        kills += 1
        assert kills < 60, "it does not get on"
    assert ending.code == 0, ending.err
    story.finish(again=story.town.at_risk * kills, carto=(WORKERS + GREETED) * (kills + 1))
    note("kills every few steps", {"runs": 1, "kills": kills})
