"""Progress for the eye: bars on a terminal; elsewhere a line a minute and one at each step's end, as text or JSON."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from li_perf.engine.vitals import Vitals
from li_perf.steps.job import Progress, Tell

EVERY_SECONDS = 60.0
BLINK = 0.2  # seconds between two updates of a bar


@contextmanager
def telling(*, as_json: bool = False) -> Iterator[Tell]:
    """What a step tells its progress to; on standard error, so that results can be piped."""
    console = Console(stderr=True)
    if as_json or not console.is_terminal:
        yield Lines(as_json=as_json)
        return
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, TextColumn("{task.fields[note]}"), console=console) as bar:
        yield Bars(bar)


class Bars:
    """One bar a step."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}
        self._told_at = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.step not in self._tasks:
            self._tasks[progress.step] = self._bar.add_task(progress.step, total=progress.total, note="")
        elif now - self._told_at < BLINK and progress.done != progress.total:
            return
        self._told_at = now
        note = progress.note or in_words(progress.vitals())
        self._bar.update(self._tasks[progress.step], completed=progress.done, total=progress.total, note=note)


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line's facts; `rate` is things a second since the step began here, `seconds_left` at that rate."""

    step: str
    done: int
    total: int | None = None
    rate: float | None = None
    seconds_left: float | None = None
    note: str = ""
    servers: Sequence[Vitals] = ()


class Lines:
    """One line a minute, and one at each step's beginning and end."""

    def __init__(self, *, as_json: bool = False) -> None:
        self._as_json = as_json
        self._step = ""
        self._first = (0.0, 0)
        self._told_at = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        is_first = progress.step != self._step
        if is_first:
            self._step, self._first = progress.step, (now, progress.done)
        is_end = progress.total is not None and progress.done >= progress.total
        if is_first or is_end or now - self._told_at >= EVERY_SECONDS:
            self._told_at = now
            line = self._line(progress, now)
            text = msgspec.json.encode(line).decode() if self._as_json else _text(line)
            print(text, file=sys.stderr, flush=True)

    def _line(self, progress: Progress, now: float) -> Line:
        started, begun = self._first
        rate = (progress.done - begun) / (now - started) if now > started and progress.done > begun else None
        return Line(
            step=progress.step,
            done=progress.done,
            total=progress.total,
            rate=rate,
            seconds_left=(progress.total - progress.done) / rate if progress.total is not None and rate else None,
            note=progress.note,
            servers=progress.vitals(),
        )


def _text(line: Line) -> str:
    of = f" of {line.total:,}" if line.total is not None else ""
    left = f", {line.seconds_left / 60:.1f} min left" if line.seconds_left is not None else ""
    pace = f", {line.rate:,.0f}/s{left}" if line.rate else ""
    note = line.note or in_words(line.servers)
    return f"{line.step}: {line.done:,}{of}{pace}{f' ({note})' if note else ''}"


def in_words(servers: Sequence[Vitals]) -> str:
    """How the servers are being asked, in a few words each."""
    return "; ".join(server_in_words(each) for each in servers)


def server_in_words(each: Vitals) -> str:
    """How one server is being asked."""
    pace = f", at most {each.rate:.1f}/s" if each.rate is not None else ""
    retries = f", {each.retries:,} retries" if each.retries else ""
    held = f", waits {each.held:.0f} s" if each.held > 1 else ""
    state = "paused, it does not answer" if each.is_paused else f"{each.in_flight} of {each.limit} in flight"
    return f"{each.server} {state}{pace}{held}{retries}"
