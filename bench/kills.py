"""SIGKILL in the middle, then the same command again: calls repeated by the server's own count, and answers lost."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import OperationalError

from bench.contestants import Contestant
from bench.process import Broke, Stand, finished, standing, start
from bench.tables import Page, say

LATENCY = 0.1
PATIENCE = 120.0  # seconds until half of the questions must have been asked


@dataclass(frozen=True, kw_only=True)
class Killed:
    """`seen`, `in_flight` and `kept` at the kill; repeated calls and lost answers behind the second run's end."""

    title: str
    questions: int
    seen: int
    in_flight: int
    kept: int
    repeats: int
    second_repeats: int
    lost: int
    resume_seconds: float


def kill(contestant: Contestant, count: int) -> Killed:
    """Kill it when the server has seen half of the questions, start it again, and wait for its end."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, standing(LATENCY) as stand:
        folder = Path(name)
        contestant.prepare(folder, count)
        arguments = contestant.arguments(folder, stand)
        process = start(arguments, folder, contestant.environment())
        try:
            at_kill = _half_way(stand, count)
        finally:
            process.kill()
            process.wait()
        kept = _kept(contestant, folder)
        begun = time.monotonic()
        usage = finished(start(arguments, folder, contestant.environment()), begun, folder)
        stats = stand.stats()
        return Killed(
            title=contestant.title,
            questions=count,
            seen=at_kill["distinct"],
            in_flight=at_kill["in_flight"],
            kept=kept,
            repeats=stats["repeats"],
            second_repeats=stats["accounts_repeats"],
            lost=count - _kept(contestant, folder),
            resume_seconds=usage.wall,
        )


def _half_way(stand: Stand, count: int) -> dict[str, int]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        stats = stand.stats()
        if stats["distinct"] >= count // 2:
            return stats
        time.sleep(0.02)
    raise Broke(f"after {PATIENCE:.0f} s it had asked {stand.stats()['distinct']:,} of {count:,} questions")


def _kept(contestant: Contestant, folder: Path) -> int:
    with suppress(OperationalError):  # killed before it made its store
        return contestant.answered(folder)
    return 0


def show(page: Page, contestants: Sequence[Contestant], count: int) -> list[Killed]:
    """Kill each once, and the table of what followed."""
    done = []
    for contestant in contestants:
        say(f"killing {contestant.title}")
        done.append(kill(contestant, count))
    head = [f"killed at half of {count:,}", "seen", "in flight", "kept"]
    head += ["first calls repeated", "second calls repeated", "answers lost", "resumed within s"]
    page.table(head, [_row(one) for one in done])
    return done


def _row(one: Killed) -> list[str]:
    counts = (one.seen, one.in_flight, one.kept, one.repeats, one.second_repeats, one.lost)
    return [one.title, *(f"{count:,}" for count in counts), f"{one.resume_seconds:.1f}"]
