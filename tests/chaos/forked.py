"""The test's side of `runner.py`: processes of the product at the price of a fork."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chaos.passages import Plan

TESTS = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a process ended; `at` by the wall clock; `passages` are the steps that it passed."""

    code: int
    seconds: float
    at: float
    out: str
    err: str
    passages: list[str]


class Process:
    """One process of the product that has been started."""

    def __init__(self, runner: Runner, folder: Path, number: int) -> None:
        self._runner = runner
        self._folder = folder
        self._number = number
        self._started = time.monotonic()
        self._ending: Ending | None = None

    def send(self, number: signal.Signals) -> None:
        """A signal, unless the process has ended."""
        if self.ended(0) is None:
            with suppress(ProcessLookupError):  # it ends at this very moment
                os.kill(self._number, number)

    def ended(self, seconds: float) -> Ending | None:
        """How it ended, None if it has not within so many seconds."""
        if self._ending is None and self._runner.has_said(seconds):
            code = self._runner.said()["code"]
            self._ending = Ending(
                code=code,
                seconds=time.monotonic() - self._started,
                at=time.time(),
                out=self._text("out"),
                err=self._text("err"),
                passages=self.passages(),
            )
        return self._ending

    def end(self, seconds: float = 60.0) -> Ending:
        """How it ended; killed, and an error, if it has not by then."""
        ending = self.ended(seconds)
        if ending is None:
            self.send(signal.SIGKILL)
            self.ended(10)
            raise AssertionError(f"still alive after {seconds:.0f} s; passed {self.passages()[-5:]}")
        return ending

    def passages(self) -> list[str]:
        """The steps passed so far."""
        return self._text("passages").splitlines()

    def until(self, label: str, *, count: int = 1, seconds: float = 30.0) -> None:
        """Wait until a step of that name has been passed so often, or the process has ended."""
        deadline = time.monotonic() + seconds
        while self.passages().count(label) < count and self.ended(0.005) is None:
            assert time.monotonic() < deadline, f"{label} was not passed {count} times: {self.passages()[-5:]}"

    def at_work(self, *, seconds: float = 30.0) -> None:
        """Wait until it has passed its first step, from where on it heeds signals, or has ended."""
        deadline = time.monotonic() + seconds
        while not self.passages() and self.ended(0.005) is None:
            assert time.monotonic() < deadline, "it does not begin"

    def _text(self, name: str) -> str:
        file = self._folder / name
        return file.read_text() if file.exists() else ""


class Runner:
    """Forks the product; one process at a time."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        assert child.stdin
        assert child.stdout
        self._to, self._from = child.stdin, child.stdout

    def start(self, verb: list[str], environment: dict[str, str], folder: Path, plan: Plan | None = None) -> Process:
        folder.mkdir(exist_ok=True)
        for name in ("out", "err", "passages"):
            (folder / name).unlink(missing_ok=True)
        job = {"verb": verb, "environment": environment, "folder": str(folder), "plan": asdict(plan or Plan())}
        print(json.dumps(job), file=self._to, flush=True)
        return Process(self, folder, self.said()["pid"])

    def run(self, verb: list[str], environment: dict[str, str], folder: Path, plan: Plan | None = None) -> Ending:
        return self.start(verb, environment, folder, plan).end()

    def has_said(self, seconds: float) -> bool:
        return bool(select.select([self._from], [], [], seconds)[0])

    def said(self) -> dict[str, Any]:
        return json.loads(self._from.readline())  # type: ignore[no-any-return]


@contextmanager
def forking() -> Iterator[Runner]:
    """A runner for as long as the block lasts."""
    environment = dict(os.environ) | {"PYTHONPATH": str(TESTS)}
    with subprocess.Popen(
        [sys.executable, "-m", "chaos.runner"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as child:
        try:
            yield Runner(child)
        finally:
            assert child.stdin
            child.stdin.close()
            child.wait(20)
