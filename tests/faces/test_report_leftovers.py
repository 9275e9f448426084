"""What a process leaves in the output folder that is killed while it writes the report."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from li_perf.analysis.findings import Findings
from li_perf.faces import report


def _gone() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_parts_of_a_killed_process_are_swept_and_nothing_else(full: Findings, tmp_path: Path) -> None:
    gone, alive = _gone(), os.getppid()
    theirs = {f".report.txt.{alive}.part", "notes.part", ".report.txt.mine.part"}
    for name in {f".report.txt.{gone}.part", f".matches.csv.{gone}.part"} | theirs:
        (tmp_path / name).write_text("half")
    report.write(full, [], ["request"], tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == theirs | {
        "report.txt",
        "report.html",
        "report.json",
        "matches.csv",
    }
