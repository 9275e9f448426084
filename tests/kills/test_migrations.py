"""A kill at every step of a newer version that migrates a store and rebuilds what it can."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from chaos.checks import gold, left_over, rows
from chaos.passages import KILLED, Plan
from chaos.town import Story, Town
from support.chaos import bounded, note

from li_perf.store import schema

REPORT = ["report"]


@pytest.mark.timeout(1_800)
def test_a_kill_in_a_migration_or_behind_it_leaves_the_old_store_or_the_new_one(small_town: Town) -> None:
    old = small_town.new()
    old.finish(again=0, carto=4)
    whole = _copy(small_town, old.folder)
    steps = whole.run(Plan(is_newer=True), REPORT).passages
    assert "before ALTER TABLE LOOKUP" in steps
    assert gold(whole.folder) == small_town.gold
    last = len(steps)
    some = [random.randint(1, last)]
    chosen = bounded(some, list(range(1, last + 1)))  # type: ignore[call-overload]
    for step in chosen:
        story = _copy(small_town, old.folder)
        assert story.run(Plan(is_newer=True, die_at=step), REPORT).code == KILLED
        assert rows(story.folder, "pragma user_version")[0][0] in (schema.VERSION, schema.VERSION + 1)
        ending = story.run(Plan(is_newer=True), REPORT)
        assert ending.code == 0, f"killed at step {step} ({steps[step - 1]}): {ending.err}"
        assert rows(story.folder, "pragma user_version") == [(schema.VERSION + 1,)]
        assert rows(story.folder, "select count(*) from moved") == [(len(small_town.real.questions),)]
        assert gold(story.folder) == small_town.gold
        assert left_over(story.folder) == []
    note("kills in a migration and a rebuilding", {"distinct steps, all passed": len(chosen)})


def _copy(town: Town, folder: Path) -> Story:
    story = town.new()
    shutil.copytree(folder, story.folder)
    return story
