"""Speed: every contestant once a round, one behind the other, each against a fresh server."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.contestants import Contestant
from bench.process import Broke, Usage, measured, standing


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One measurement of one contestant, its start-up subtracted: what the same program costs with one question."""

    name: str
    questions: int
    seconds: float
    cpu: float
    peak: float
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
        if contestant.is_resumable and (kept := contestant.answered(folder)) != count:
            raise Broke(f"{contestant.title} kept {kept:,} of {count:,} answers")
        return usage, stats


def measure(contestant: Contestant, count: int, latency: float) -> Figures:
    start_up, _ = once(contestant, 1, latency)
    usage, stats = once(contestant, count, latency)
    return Figures(
        name=contestant.name,
        questions=count,
        seconds=max(1e-9, usage.wall - start_up.wall),
        cpu=usage.cpu - start_up.cpu,
        peak=usage.peak,
        stats=stats,
    )


def rounds(contestants: Sequence[Contestant], *, count: int, latency: float, share: float) -> list[dict[str, Figures]]:
    """`count` rounds, each with every contestant; `share` of their usual number of questions."""
    return [
        {one.name: measure(one, max(100, int(one.count * share)), latency) for one in contestants} for _ in range(count)
    ]
