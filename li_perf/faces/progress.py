"""Progress for the eye: a bar with rate and time left on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from li_perf.steps.job import Progress, Tell

EVERY_SECONDS = 10.0


@contextmanager
def telling() -> Iterator[Tell]:
    """What a step tells its progress to; on standard error, so that results can be piped."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines()
        return
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, TextColumn("{task.fields[note]}"), console=console) as bar:
        yield Bars(bar)


class Bars:
    """One bar a step."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, progress: Progress) -> None:
        if progress.step not in self._tasks:
            self._tasks[progress.step] = self._bar.add_task(progress.step, total=progress.total, note="")
        task = self._tasks[progress.step]
        self._bar.update(task, completed=progress.done, total=progress.total, note=progress.note)


class Lines:
    """One plain line every ten seconds, and one at each step's end."""

    def __init__(self) -> None:
        self._step = ""
        self._first = (0.0, 0)
        self._told_at = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.step != self._step:
            self._step, self._first, self._told_at = progress.step, (now, progress.done), 0.0
        is_end = progress.total is not None and progress.done >= progress.total
        if is_end or now - self._told_at >= EVERY_SECONDS:
            self._told_at = now
            print(self._line(progress, now), file=sys.stderr, flush=True)

    def _line(self, progress: Progress, now: float) -> str:
        started, begun = self._first
        rate = (progress.done - begun) / (now - started) if now > started else 0.0
        of = f" of {progress.total:,}" if progress.total is not None else ""
        left = f", {(progress.total - progress.done) / rate / 60:.1f} min left" if progress.total and rate else ""
        pace = f", {rate:,.0f}/s{left}" if rate else ""
        return f"{progress.step}: {progress.done:,}{of}{pace}{f' ({progress.note})' if progress.note else ''}"
