"""An export that is ended at any step leaves each report file whole: the old one, or the new one."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from support.runs import settings_for, whole, work

from li_perf.analysis.findings import Findings
from li_perf.errors import UserError
from li_perf.faces import report
from li_perf.simulator.city import build
from li_perf.simulator.server import serve
from li_perf.steps.job import Job

FILES = ("matches.csv", "report.html", "report.json", "report.txt")


class Killed(BaseException):
    """Nothing catches it on the way, and what it leaves is what a kill would leave of the visible files."""


@pytest.fixture
async def findings(tmp_path: Path) -> Findings:
    city = build(tickets=60, seed=3, unanswerable=False)

    async def act(job: Job) -> Findings:
        return await whole(job)

    async with serve(city) as simulation:
        return await work(settings_for(simulation, tmp_path), city, act)


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def _ends_at(number: int, error: BaseException, patch: pytest.MonkeyPatch) -> list[str]:
    """Let the n-th sync or replacement of the export raise that; the steps that were begun."""
    begun: list[str] = []

    def counting(name: str, real: Any) -> Any:
        def step(*arguments: Any) -> Any:
            begun.append(name)
            if len(begun) == number:
                raise error
            return real(*arguments)

        return step

    patch.setattr(os, "fsync", counting("sync", os.fsync))
    patch.setattr(os, "replace", counting("replace", os.replace))
    return begun


async def test_an_export_killed_at_any_step_leaves_every_file_whole(findings: Findings, tmp_path: Path) -> None:
    new = _written(findings, [["new"]], tmp_path / "new")
    for number in range(1, 20):
        folder = tmp_path / str(number)
        old = _written(findings, [["old"]], folder)
        with pytest.MonkeyPatch.context() as patch:
            begun = _ends_at(number, Killed(), patch)
            try:
                _written(findings, [["new"]], folder)
            except Killed:
                is_ended = False
            else:
                is_ended = True
        left = _contents(folder)
        assert sorted(left) == list(FILES)
        assert all(left[name] in (old[name], new[name]) for name in FILES)
        if "replace" not in begun[:-1]:
            assert left == old, f"step {number} left {begun}"
        if is_ended:
            assert begun.count("replace") == len(FILES)
            return
    raise AssertionError("it never ended")


async def test_a_disk_that_is_full_leaves_the_old_report_and_says_what_to_do(
    findings: Findings, tmp_path: Path
) -> None:
    folder = tmp_path / "output"
    old = _written(findings, [["old"]], folder)
    for number in range(1, 5):
        with pytest.MonkeyPatch.context() as patch:
            _ends_at(number, OSError(errno.ENOSPC, "No space left on device"), patch)
            with pytest.raises(UserError, match=r"No space left .* `li-perf report`"):
                _written(findings, [["new"]], folder)
        assert _contents(folder) == old
        assert sorted(path.name for path in folder.iterdir()) == list(FILES)


def _written(findings: Findings, rows: list[list[str]], folder: Path) -> dict[str, bytes]:
    report.write(findings, rows, ["a"], folder)
    return _contents(folder)
