"""A contestant as a process of its own, and the operating system's account of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class Broke(Exception):
    """A contestant ended with an error."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Seconds of wall clock and of CPU (user and system, children included), and the peak of memory in MB.

    The kernel's peak begins with that of the process that started it, so whoever measures must itself be small.
    """

    wall: float
    cpu: float
    peak: float


@dataclass(frozen=True, kw_only=True)
class Stand:
    """The benchmark's server in a process of its own."""

    root: str
    ais_url: str
    carto_url: str

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.root}/stats", timeout=30) as reply:
            return json.loads(reply.read())


@contextmanager
def standing(latency: float = 0.0) -> Iterator[Stand]:
    """A fresh server for as long as the block lasts."""
    arguments = [sys.executable, "-m", "bench.server", "--latency", str(latency)]
    with subprocess.Popen(arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert server.stdin
        try:
            yield Stand(**json.loads(server.stdout.readline()))
        finally:
            server.stdin.close()


def start(arguments: Sequence[str], folder: Path, extra: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a contestant in `folder`, what it says in `said.txt` there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LI_PERF_")}
    with (folder / "said.txt").open("ab") as said:
        return subprocess.Popen(list(arguments), cwd=folder, env={**kept, **extra}, stdout=said, stderr=said)


def finished(process: subprocess.Popen[bytes], begun: float, folder: Path) -> Usage:
    """Wait for its end. Raises Broke, with its last words, for an exit code other than 0."""
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        words = (folder / "said.txt").read_text(errors="replace")[-2_000:]
        raise Broke(f"{' '.join(map(str, process.args))}\nended with {process.returncode}:\n{words}")  # type: ignore[arg-type]
    return Usage(wall=wall, cpu=usage.ru_utime + usage.ru_stime, peak=usage.ru_maxrss / 1024)


def measured(arguments: Sequence[str], folder: Path, extra: Mapping[str, str]) -> Usage:
    """A contestant from its start to its end."""
    begun = time.monotonic()
    return finished(start(arguments, folder, extra), begun, folder)
