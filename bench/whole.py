"""What a whole run costs, from nothing to the report, against the simulated city in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PRODUCT = [sys.executable, "-m", "li_perf"]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One run: wall and CPU in seconds, memory in MB."""

    questions: int
    wall: float
    cpu: float
    peak: float

    def __str__(self) -> str:
        each = 1000 * self.cpu / self.questions
        return f"{self.questions:>9,}  {self.wall:>8.1f}  {self.cpu:>7.1f}  {each:>12.2f}  {self.peak:>8.0f}"


def show(tickets: int, runs: int, faults: str) -> None:
    """So many whole runs, a line each."""
    print("questions    wall s    CPU s  CPU s/1,000   peak MB")
    for _ in range(runs):
        print(measured(tickets, faults), flush=True)


def measured(tickets: int, faults: str) -> Figures:
    """One run from nothing to the report, start-up included."""
    arguments = [
        "simulate",
        "--child",
        "--port",
        "0",
        "--tickets",
        str(tickets),
        "--no-unanswerable",
        "--faults",
        faults,
    ]
    city = subprocess.Popen([*PRODUCT, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert city.stdout is not None
        addresses = json.loads(city.stdout.readline())
        with tempfile.TemporaryDirectory() as folder:
            return _run(addresses, Path(folder))
    finally:
        city.communicate(timeout=30)


def _run(addresses: dict[str, str], folder: Path) -> Figures:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LI_PERF_")}
    environment |= {f"LI_PERF_{name.upper()}": value for name, value in addresses.items()}
    environment |= {"LI_PERF_AIS_RATE": "0", "LI_PERF_CARTO_RATE": "0"}
    environment |= {"LI_PERF_DATA": str(folder / "data"), "LI_PERF_OUTPUT": str(folder / "output")}
    start = time.monotonic()
    process = subprocess.Popen([*PRODUCT, "run"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the run ended with exit code {process.returncode}")
    report = json.loads((folder / "output" / "report.json").read_text())
    cpu, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    return Figures(questions=report["lookups"]["asked"], wall=time.monotonic() - start, cpu=cpu, peak=peak)
