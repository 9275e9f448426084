"""A small simulated city, the product beside it, and what an undisturbed run of one against the other is like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from chaos.checks import asked_again, begun, gold, is_whole
from chaos.forked import Ending, Process, Runner, forking
from chaos.passages import Plan
from support.chaos import note
from support.processes import City, simulated
from support.truth import Truth, truth

from li_perf.simulator.city import build
from li_perf.steps.vigil import WITHOUT

WORKERS = 4  # calls in flight to each server at most
AT_RISK = 2 * WORKERS  # answers that a kill may cost: the calls in flight, and as many that wait for their commit
RUN = ["run", "--since", "2025-01-01", "--until", "2026-01-01"]


@dataclass(kw_only=True)
class Town:
    """A city that was asked every question at least twice already, so that its own counts tell each further one.

    `held` addresses have no parcel: there are too few of all for an answer to be believed before the run's end.
    """

    city: City
    runner: Runner
    real: Truth
    folder: Path
    steps: list[str]
    gold: str
    carto_calls: int
    seconds: float
    held: int

    @property
    def at_risk(self) -> int:
        """Answers that a kill may cost."""
        return AT_RISK + self.held

    def __post_init__(self) -> None:
        self._numbers = count()

    def new(self) -> Story:
        """A run that has not begun, in a folder of its own."""
        folder = self.folder / f"run{next(self._numbers)}"
        given = environment(self.city, folder)
        return Story(town=self, folder=folder, environment=given, before=self.city.stats())


@dataclass(kw_only=True)
class Story:
    """One run, however often it is ended and gone on with."""

    town: Town
    folder: Path
    environment: dict[str, str]
    before: dict[str, Any]

    def start(self, plan: Plan | None = None, verb: list[str] | None = None) -> Process:
        """Begin, or go on, as a user does: `run` before there is a run in the store, `resume` from then on."""
        usual = ["resume"] if begun(self.folder) else RUN
        return self.town.runner.start(verb or usual, self.environment, self.folder, plan)

    def run(self, plan: Plan | None = None, verb: list[str] | None = None) -> Ending:
        return self.start(plan, verb).end()

    def finish(self, *, again: int, carto: int) -> None:
        """Go on to the end: all is true, and no more was asked again of AIS, and of Carto, than may be."""
        last = self.run()
        assert last.code == 0, last.err
        self.is_whole()
        now = self.town.city.stats()
        assert asked_again(self.before["asked"], now["asked"]) <= again
        assert now["carto_requests"] - self.before["carto_requests"] <= self.town.carto_calls + carto

    def is_whole(self) -> None:
        """Everything is there once and true, as after a run that nothing disturbed."""
        note("runs gone on with to their end", {"runs": 1} | is_whole(self.folder, self.town.real))
        assert gold(self.folder) == self.town.gold

    @property
    def repeated(self) -> int:
        return asked_again(self.before["asked"], self.town.city.stats()["asked"])


def environment(city: City, folder: Path) -> dict[str, str]:
    few = {"LI_PERF_AIS_CONCURRENCY": str(WORKERS), "LI_PERF_CARTO_CONCURRENCY": str(WORKERS)}
    return city.environment(folder, **few)


@contextmanager
def town(folder: Path, *, tickets: int = 40, seed: int = 1, faults: str = "", workers: int = WORKERS) -> Iterator[Town]:
    """A town, and an undisturbed run in it, which is true by itself."""
    made_up = build(tickets=tickets, seed=seed, unanswerable=False)
    real, held = truth(made_up), sum(each.outcome in WITHOUT for each in made_up.addresses.values())
    with simulated(tickets=tickets, seed=seed, faults=faults) as city, forking() as runner:
        made = Town(
            city=city,
            runner=runner,
            real=real,
            folder=folder,
            steps=[],
            gold="",
            carto_calls=0,
            seconds=0.0,
            held=held,
        )
        for _ in range(2):
            story = made.new()
            ending = story.run()
            assert ending.code == 0, ending.err
            is_whole(story.folder, real)
            made.steps, made.gold, made.seconds = ending.passages, gold(story.folder), ending.seconds
            made.carto_calls = city.stats()["carto_requests"] - story.before["carto_requests"]
        yield made
