"""The disk becomes full in the middle: one sentence, exit code 2, and the run goes on when there is room."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from chaos.checks import rows
from chaos.forked import Ending
from chaos.passages import Plan
from chaos.town import WORKERS, Town
from support.chaos import bounded, note

PER_START = WORKERS + 4


@pytest.mark.timeout(1_200)
def test_a_store_without_room_stops_the_run_and_keeps_what_was_committed(small_town: Town) -> None:
    whole = small_town.new()
    whole.finish(again=0, carto=0)
    ((most,),) = rows(whole.folder, "pragma page_count")
    sizes = bounded([random.randint(most // 4, most - 1)], list(range(2, most)))  # type: ignore[call-overload]
    for pages in sizes:
        story = small_town.new()
        ending = story.run(Plan(pages=pages))
        _is_said(ending)
        story.finish(again=story.town.at_risk, carto=PER_START)
    note("full stores", {"sizes at which a run stopped and went on": len(sizes)})


@pytest.mark.timeout(600)
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.parametrize("kilobytes", bounded([400], list(range(100, 1_000, 60))))  # type: ignore[call-overload]
def test_a_small_disk_stops_the_run_which_goes_on_once_it_is_larger(small_town: Town, kilobytes: int) -> None:
    story = small_town.new()
    story.folder.mkdir()
    data = story.folder / "data"
    with _small_disk(data, kilobytes) as grow:
        ending = story.run()
        if ending.code:
            _is_said(ending)
        grow()
        if ending.code:
            story.finish(again=story.town.at_risk, carto=PER_START)
    note("full disks", {"mounted": 1, "stopped and went on": int(bool(ending.code))})


def _is_said(ending: Ending) -> None:
    assert ending.code == 2, ending.err
    assert "no space left" in ending.err or "does not take it" in ending.err
    assert "Traceback" not in ending.err


@contextmanager
def _small_disk(folder: Path, kilobytes: int) -> Iterator[object]:
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a disk")
    try:
        yield lambda: subprocess.run(["mount", "-o", "remount,size=64m", str(folder)], check=True)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
