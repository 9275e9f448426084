"""Speed: every contestant once a round, one behind the other, each against a fresh server."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench.contestants import FLOOR, Contestant
from bench.process import Broke, Usage, measured, standing
from bench.tables import Page, say, spread


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One measurement of one contestant, its start-up subtracted: what the same program costs with one question."""

    name: str
    questions: int
    seconds: float
    cpu: float
    peak: float
    start_up: Usage
    stats: dict[str, Any]

    @property
    def rate(self) -> float:
        """Questions a second."""
        return self.questions / self.seconds

    @property
    def cpu_each(self) -> float:
        """CPU seconds per 1,000 questions."""
        return 1000 * self.cpu / self.questions

    def per_thousand(self, kind: str) -> float:
        return 1000 * self.stats[kind] / self.questions


def once(contestant: Contestant, count: int, latency: float) -> tuple[Usage, dict[str, Any]]:
    """One run, and what the server saw of it. Raises Broke where the server was not asked every question."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, standing(latency) as stand:
        folder = Path(name)
        contestant.prepare(folder, count)
        usage = measured(contestant.arguments(folder, stand), folder, contestant.environment())
        stats = stand.stats()
        if stats["distinct"] != count:
            raise Broke(f"{contestant.title} asked {stats['distinct']:,} of {count:,} questions")
        if contestant.keeps and (kept := contestant.answered(folder)) != count:
            raise Broke(f"{contestant.title} kept {kept:,} of {count:,} answers")
        return usage, stats


@cache
def start_up(contestant: Contestant, *, times: int = 2) -> Usage:
    """What the contestant costs with one question: the least of some runs, as noise only adds."""
    runs = [once(contestant, 1, 0.0)[0] for _ in range(times)]
    return Usage(wall=min(one.wall for one in runs), cpu=min(one.cpu for one in runs), peak=runs[0].peak)


def measure(contestant: Contestant, count: int, latency: float, beginning: Usage) -> Figures:
    """One measurement; `beginning` is its start-up."""
    usage, stats = once(contestant, count, latency)
    return Figures(
        name=contestant.name,
        questions=count,
        seconds=max(usage.wall - beginning.wall, stats["seconds"]),  # on a busy machine a start-up may have taken long
        cpu=usage.cpu - beginning.cpu,
        peak=usage.peak,
        start_up=beginning,
        stats=stats,
    )


Round = dict[str, Figures]


def rounds(contestants: Sequence[Contestant], *, count: int, latency: float, share: float) -> list[Round]:
    """`count` rounds, each with every contestant in turn, at `share` of its usual number of questions."""
    say("start-up of each")
    beginnings = {one.name: start_up(one) for one in contestants}
    done = []
    for number in range(count):
        say(f"round {number + 1} of {count} at {1000 * latency:.0f} ms")
        done.append(
            {one.name: _told(one, int(one.count * share), latency, beginnings[one.name]) for one in contestants}
        )
    return done


def _told(contestant: Contestant, count: int, latency: float, beginning: Usage) -> Figures:
    figures = measure(contestant, count, latency, beginning)
    say(f"  {contestant.name}: {figures.rate:,.0f} questions/s, {figures.cpu_each:.3f} CPU s/1,000")
    return figures


def show(page: Page, contestants: Sequence[Contestant], done: Sequence[Round], latency: float) -> None:
    """The table of these rounds: medians, lowest and highest, and ratios to the floor of the same round."""
    head = [f"at {1000 * latency:.0f} ms latency", "questions/s", "× floor", "CPU s per 1,000", "× floor"]
    head += ["peak MB", "first calls per 1,000", "second calls per 1,000", "start-up CPU s"]
    page.table(head, [_row(contestant, [each[contestant.name] for each in done], done) for contestant in contestants])


def _row(contestant: Contestant, figures: Sequence[Figures], done: Sequence[Round]) -> list[str]:
    return [
        contestant.title,
        spread([one.rate for one in figures], "{:,.0f}"),
        spread(ratios(done, contestant.name, FLOOR.name, "rate"), "{:.2f}"),
        spread([one.cpu_each for one in figures], "{:.3f}"),
        spread(ratios(done, contestant.name, FLOOR.name, "cpu_each"), "{:.2f}"),
        spread([one.peak for one in figures], "{:.0f}"),
        spread([one.per_thousand("search") for one in figures], "{:,.0f}"),
        spread([one.per_thousand("statements") for one in figures], "{:,.1f}"),
        spread([one.start_up.cpu for one in figures], "{:.1f}"),
    ]


def ratios(done: Sequence[Round], one: str, other: str, figure: str) -> list[float]:
    """A figure of one contestant against another's in the same round."""
    return [getattr(each[one], figure) / getattr(each[other], figure) for each in done]
