"""Progress for the eye: bars on a terminal; elsewhere a line a minute and at a step's ends, as text or JSON."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Column

from li_perf.engine.vitals import Vitals
from li_perf.faces.words import pace, remarkable, servers_in_words, span
from li_perf.steps import pulse
from li_perf.steps.job import Progress, Tell

EVERY_SECONDS = 60.0 - pulse.EVERY_SECONDS  # the pulse tells again what is told: so no minute is silent
LATELY = 5  # lines over which the pace is seen
MOMENT = 0.1  # seconds of a step that say something of its pace
BLINK = 0.2  # seconds between two updates of a bar


@contextmanager
def telling(*, as_json: bool = False) -> Iterator[Tell]:
    """What a step tells its progress to; on standard error, so that results can be piped."""
    console = Console(stderr=True)
    if as_json or not console.is_terminal:
        yield Lines(as_json=as_json)
        return
    with Bar(*_columns(), console=console) as bar:
        yield Bars(bar)


def _columns() -> Iterator[ProgressColumn]:
    """The figures keep their width; the note takes what is left, on several lines if need be."""
    yield TextColumn("{task.description}", table_column=Column(no_wrap=True))
    yield BarColumn(12, table_column=Column(no_wrap=True))
    yield MofNCompleteColumn(table_column=Column(no_wrap=True))
    yield TimeRemainingColumn(table_column=Column(no_wrap=True))
    yield TextColumn("{task.fields[note]}", markup=False, table_column=Column(ratio=1))


class Bars:
    """One bar a step."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}
        self._told_at = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        is_end = progress.total is not None and progress.done >= progress.total
        if progress.step not in self._tasks:
            self._end_those_without_total()
            self._tasks[progress.step] = self._bar.add_task(
                progress.step, total=progress.total, completed=progress.done, note="", says=bool(progress.note)
            )
        elif now - self._told_at < BLINK and not is_end:
            return
        self._told_at = now
        servers = remarkable(progress.vitals()) if is_end else progress.vitals()
        note = progress.note or servers_in_words(servers, between="\n")
        self._bar.update(self._tasks[progress.step], completed=progress.done, total=progress.total, note=note)

    def _end_those_without_total(self) -> None:
        """Nothing says when they are over but the next step; what was still nothing then was a wait."""
        for task in self._bar.tasks:
            if task.total is None:
                self._bar.update(task.id, total=task.completed, visible=task.completed > 0 or task.fields["says"])


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line's facts: `rate` is things a second in the last minutes, of a step that has ended in all of its time;
    `seconds` since the step began here, `seconds_left` at that rate."""

    at: str
    step: str
    done: int
    total: int | None = None
    seconds: float = 0.0
    rate: float | None = None
    seconds_left: float | None = None
    note: str = ""
    servers: Sequence[Vitals] = ()


class Lines:
    """One line a minute, and one at each step's beginning and end. `clock` is in seconds."""

    def __init__(self, *, as_json: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._as_json = as_json
        self._clock = clock
        self._step: str | None = None
        self._is_over = False
        self._began = (0.0, 0)
        self._told: deque[tuple[float, int]] = deque(maxlen=LATELY)

    def __call__(self, progress: Progress) -> None:
        now, was_over = self._clock(), self._is_over
        self._is_over = progress.total is not None and progress.done >= progress.total
        is_first = progress.step != self._step
        if is_first:
            self._step, self._began = progress.step, (now, progress.done)
            self._told.clear()
        if is_first or (self._is_over and not was_over) or now - self._told[-1][0] >= EVERY_SECONDS:
            line = self._line(progress, now)
            self._told.append((now, progress.done))
            text = msgspec.json.encode(line).decode() if self._as_json else line_text(line)
            print(text, file=sys.stderr, flush=True)

    def _line(self, progress: Progress, now: float) -> Line:
        since, done = self._began if self._is_over or not self._told else self._told[0]
        rate = (progress.done - done) / (now - since) if now > since and progress.done > done else None
        left = None if progress.total is None else max(0, progress.total - progress.done)
        return Line(
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            step=progress.step,
            done=progress.done,
            total=progress.total,
            seconds=round(now - self._began[0], 3),
            rate=rate,
            seconds_left=left / rate if rate and left else None,
            note=progress.note,
            servers=progress.vitals(),
        )


def line_text(line: Line) -> str:
    """One line for a person."""
    is_over = line.total is not None and line.done >= line.total
    of = f"{line.done:,} of {line.total:,}" if line.total is not None else f"{line.done:,}" if line.done else ""
    took = f"in {span(line.seconds)}" if is_over and line.seconds >= 1 else ""
    rate = pace(line.rate) if line.rate and line.seconds >= MOMENT else ""
    left = f"{span(line.seconds_left)} left" if line.seconds_left is not None else ""
    facts = ", ".join(filter(None, (f"{of} {took}".strip(), rate, left)))
    is_between = line.seconds > 0 and not is_over
    note = line.note or servers_in_words(line.servers if is_between else remarkable(line.servers))
    return f"{line.step}{': ' if facts else ''}{facts}{f' ({note})' if note else ''}"
