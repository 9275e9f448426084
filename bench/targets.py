"""The targets, and whether this run met them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.contestants import DLT, DLT_REST, FLOOR, NAIVE, OUR, SCRAPY
from bench.kills import Killed
from bench.own import Memory, Overhead
from bench.speed import Round, ratios
from bench.tables import Page


@dataclass(frozen=True, kw_only=True)
class Target:
    """`most` or `least` is the bound; `measured` is None where this run did not look."""

    what: str
    measured: float
    least: float | None = None
    most: float | None = None
    form: str = "{:.2f}"

    @property
    def is_met(self) -> bool:
        return (self.least is None or self.measured >= self.least) and (self.most is None or self.measured <= self.most)

    @property
    def row(self) -> list[str]:
        bound = f"≥ {self.form.format(self.least)}" if self.least is not None else f"≤ {self.form.format(self.most)}"
        return [self.what, bound, self.form.format(self.measured), "met" if self.is_met else "MISSED"]


def of_speed(done: Sequence[Round]) -> list[Target]:
    """Targets at zero latency."""

    def ratio(other: str, figure: str) -> float:
        return median(ratios(done, OUR.name, other, figure))

    second = median([each[OUR.name].per_thousand("statements") for each in done])
    return [
        Target(what="CPU, × the bare loop", measured=ratio(FLOOR.name, "cpu_each"), most=1.35),
        Target(what="questions/s, × the bare loop", measured=ratio(FLOOR.name, "rate"), least=0.80),
        Target(what="CPU, × the naive script", measured=ratio(NAIVE.name, "cpu_each"), most=0.30),
        Target(what="questions/s, × Scrapy", measured=ratio(SCRAPY.name, "rate"), least=15, form="{:.1f}"),
        Target(what="questions/s, × dlt's REST source", measured=ratio(DLT_REST.name, "rate"), least=10, form="{:.1f}"),
        Target(
            what="questions/s, × dlt with a transformer on aiohttp",
            measured=ratio(DLT.name, "rate"),
            least=10,
            form="{:.1f}",
        ),
        Target(what="second-stage calls per 1,000 questions, saturated", measured=second, most=11, form="{:.1f}"),
    ]


def of_latency(done: Sequence[Round]) -> list[Target]:
    """The target at 100 ms."""
    measured = median(ratios(done, OUR.name, FLOOR.name, "rate"))
    return [Target(what="questions/s at 100 ms, × the bare loop", measured=measured, least=0.95)]


def of_overhead(done: Sequence[Overhead]) -> list[Target]:
    asked, answered = median([one.asked for one in done]), median([one.answered for one in done])
    return [
        Target(what="overhead with the fetch stubbed, µs a question", measured=asked, most=25, form="{:.1f}"),
        Target(what="an answered question on resume, µs", measured=answered, most=30, form="{:.1f}"),
    ]


def of_memory(done: Sequence[Memory]) -> list[Target]:
    stubbed = [one for one in done if one.how != "fetched"]
    first, last = stubbed[0], stubbed[-1]
    growth = 100 * (last.usage.peak / first.usage.peak - 1)
    highest = max(one.usage.peak for one in done)
    what = f"growth from {first.questions:,} to {last.questions:,} questions, %"
    return [
        Target(what="peak memory, MB", measured=highest, most=80, form="{:.0f}"),
        Target(what=what, measured=growth, most=5, form="{:.1f}"),
    ]


def of_kills(done: Sequence[Killed]) -> list[Target]:
    ours = next(one for one in done if one.title == OUR.title)
    return [
        Target(what="answers lost by SIGKILL", measured=ours.lost, most=0, form="{:.0f}"),
        Target(
            what="first calls repeated, beyond those in flight at the kill",
            measured=max(0, ours.repeats - ours.in_flight),
            most=100,
            form="{:.0f}",
        ),
    ]


def show(page: Page, targets: Sequence[Target]) -> None:
    page.table(["target", "bound", "measured", ""], [target.row for target in targets])
