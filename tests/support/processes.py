"""The product and the simulated city as processes of their own, as their users start them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRODUCT = [sys.executable, "-m", "li_perf"]


@dataclass(frozen=True, kw_only=True)
class City:
    """A simulated city in a process of its own."""

    ais_url: str
    carto_url: str

    @property
    def root(self) -> str:
        return self.ais_url.removesuffix("/ais/v2")

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.root}/simulator/stats", timeout=10) as reply:
            return json.loads(reply.read())

    def faults(self, text: str) -> None:
        request = urllib.request.Request(f"{self.root}/simulator/faults", data=text.encode(), method="POST")
        with urllib.request.urlopen(request, timeout=10) as reply:
            reply.read()

    def environment(self, folder: Path, **others: str) -> dict[str, str]:
        """The environment of a run against this city."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LI_PERF_")}
        return kept | {
            "LI_PERF_AIS_URL": self.ais_url,
            "LI_PERF_CARTO_URL": self.carto_url,
            "LI_PERF_AIS_RATE": "0",
            "LI_PERF_CARTO_RATE": "0",
            "LI_PERF_BREAKER_PROBE": "0.2",
            "LI_PERF_DATA": str(folder / "data"),
            "LI_PERF_OUTPUT": str(folder / "output"),
            **others,
        }


@contextmanager
def simulated(*, tickets: int, seed: int = 311, faults: str = "") -> Iterator[City]:
    """A city without addresses that can never be answered, for as long as the block lasts."""
    arguments = [
        "simulate",
        "--child",
        "--tickets",
        str(tickets),
        "--seed",
        str(seed),
        "--port",
        "0",
        "--no-unanswerable",
    ]
    child = subprocess.Popen(
        [*PRODUCT, *arguments, "--faults", faults], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout
        yield City(**json.loads(child.stdout.readline()))
    finally:
        child.communicate(timeout=20)


def start(verb: list[str], environment: dict[str, str], folder: Path) -> subprocess.Popen[str]:
    """The product, started in a folder of its own."""
    return subprocess.Popen(
        [*PRODUCT, *verb], env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def li_perf(verb: list[str], environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """The product, run to its end."""
    with start(verb, environment, folder) as process:
        out, err = process.communicate(timeout=100)
    return subprocess.CompletedProcess(verb, process.returncode, out, err)


def told(process: subprocess.Popen[str], number: signal.Signals, after: float) -> int:
    """The exit code of a process that is sent a signal after so many seconds, if it has not ended before."""
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
    process.communicate(timeout=60)
    return process.returncode
