"""What only li_perf is measured for: its cost with the fetch stubbed, of an answer that is there, and its memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.contestants import OUR
from bench.process import Usage, measured
from bench.speed import once
from bench.tables import Page, say, spread


@dataclass(frozen=True, kw_only=True)
class Overhead:
    """CPU microseconds a question: asked with the fetch stubbed, by all of `enrich`, by the `engine` alone and, to keep
    the answer, by the `libraries` alone; and gone over again when all are answered."""

    asked: float
    engine: float
    libraries: float
    answered: float


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The peak in MB at so many questions."""

    questions: int
    how: str
    usage: Usage


def _stubbed(count: int) -> tuple[Usage, Usage]:
    """A run over fresh questions, and the same run again."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        OUR.prepare(folder, count)
        first = measured(OUR.stubbed(folder), folder, OUR.environment())
        return first, measured(OUR.stubbed(folder), folder, OUR.environment())


def overheads(count: int, times: int) -> list[Overhead]:
    done = []
    for number in range(times):
        say(f"overhead {number + 1} of {times}")
        (first_one, again_one), (first, again) = _stubbed(1), _stubbed(count)
        asked, answered = 1e6 * (first.cpu - first_one.cpu) / count, 1e6 * (again.cpu - again_one.cpu) / count
        engine, libraries = _of(OUR.engine, count), _of(OUR.libraries, count)
        done.append(Overhead(asked=asked, engine=engine, libraries=libraries, answered=answered))
    return done


def _of(command: Callable[[int], list[str]], count: int) -> float:
    """What so many questions cost beyond one."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        one, many = (measured(command(size), Path(name), OUR.environment()) for size in (1, count))
    return 1e6 * (many.cpu - one.cpu) / count


def show_overheads(page: Page, done: Sequence[Overhead], count: int) -> None:
    rows = [
        ["asked, the fetch stubbed", spread([one.asked for one in done], "{:.1f}")],
        ["of that the engine: queue, pace, limit, retries, breaker", spread([one.engine for one in done], "{:.1f}")],
        ["the libraries alone: reading, packing, hashing, SQLite", spread([one.libraries for one in done], "{:.1f}")],
        ["already answered, on resume", spread([one.answered for one in done], "{:.1f}")],
    ]
    page.table([f"li_perf, {count:,} questions", "CPU µs a question"], rows)


def memory(stubbed: Sequence[int], fetched: int) -> list[Memory]:
    """`fetched` questions over the wire, the others with the fetch stubbed."""
    say(f"memory at {fetched:,}")
    done = [Memory(questions=fetched, how="fetched", usage=once(OUR, fetched, 0.0)[0])]
    for count in stubbed:
        say(f"memory at {count:,}, stubbed")
        done.append(Memory(questions=count, how="the fetch stubbed", usage=_once_stubbed(count)))
    return done


def _once_stubbed(count: int) -> Usage:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        OUR.prepare(folder, count)
        return measured(OUR.stubbed(folder), folder, OUR.environment())


def show_memory(page: Page, done: Sequence[Memory]) -> None:
    rows = [
        [f"{one.questions:,}", one.how, f"{one.usage.peak:.1f}", f"{one.usage.cpu:.1f}", f"{one.usage.wall:.1f}"]
        for one in done
    ]
    page.table(["li_perf, questions", "how", "peak MB", "CPU s", "wall s"], rows)
