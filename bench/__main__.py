"""python -m bench: li_perf beside what else does the job, measured in one run on this machine."""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bench import kills, own, speed, targets, whole, year
from bench.contestants import BY_NAME, CONTESTANTS, FLOOR, KILLED, OUR
from bench.tables import Page, say
from bench.targets import Target


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured: rounds without and with latency, the share of each contestant's questions, and so on."""

    rounds: int
    late_rounds: int
    share: float
    killed_at: int
    overhead: tuple[int, int]
    fetched: int
    stubbed: tuple[int, ...]


USUAL = Size(
    rounds=3,
    late_rounds=2,
    share=1.0,
    killed_at=1_500,
    overhead=(50_000, 3),
    fetched=50_000,
    stubbed=(50_000, 500_000),
)
QUICK = Size(
    rounds=1,
    late_rounds=1,
    share=0.3,
    killed_at=600,
    overhead=(20_000, 1),
    fetched=10_000,
    stubbed=(20_000, 100_000),
)
FULL = Size(
    rounds=5,
    late_rounds=3,
    share=1.0,
    killed_at=3_000,
    overhead=(50_000, 5),
    fetched=50_000,
    stubbed=(50_000, 500_000, 5_000_000),
)
LATENCY = 0.1
YEAR = 28_388  # questions of a full year of Philadelphia: what a start costs is of a whole job, not of a moment


def without_latency(size: Size, page: Page) -> list[Target]:
    done = speed.rounds(CONTESTANTS, count=size.rounds, latency=0.0, share=size.share)
    speed.show(page, CONTESTANTS, done, 0.0)
    return targets.of_speed(done)


def with_latency(size: Size, page: Page) -> list[Target]:
    late = [replace(one, count=YEAR if one in (FLOOR, OUR) else one.count // 2) for one in CONTESTANTS]
    done = speed.rounds(late, count=size.late_rounds, latency=LATENCY, share=size.share)
    speed.show(page, CONTESTANTS, done, LATENCY)
    return targets.of_latency(done)


def overhead(size: Size, page: Page) -> list[Target]:
    count, times = size.overhead
    done = own.overheads(count, times)
    own.show_overheads(page, done, count)
    return targets.of_overhead(done)


def memory(size: Size, page: Page) -> list[Target]:
    done = own.memory(size.stubbed, size.fetched)
    own.show_memory(page, done)
    return targets.of_memory(done)


def killing(size: Size, page: Page) -> list[Target]:
    return targets.of_kills(kills.show(page, KILLED, size.killed_at))


PARTS: dict[str, Callable[[Size, Page], list[Target]]] = {
    "speed": without_latency,
    "latency": with_latency,
    "overhead": overhead,
    "memory": memory,
    "kills": killing,
}


def main() -> None:
    wish = _wish()
    if wish.part == "run":
        whole.show(wish.tickets, wish.runs, wish.faults)
    elif wish.part == "year":
        year.show(wish.rows, wish.into)
    elif wish.part in BY_NAME:
        _alone(wish)
    else:
        _measure(list(PARTS) if wish.part == "all" else [wish.part], wish.size, wish.into)


def _wish() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    choices = ["all", *PARTS, *BY_NAME, "run", "year"]
    parser.add_argument("part", nargs="?", default="all", choices=choices, help="a part, or one contestant alone")
    parser.set_defaults(size=USUAL)
    parser.add_argument("--quick", dest="size", action="store_const", const=QUICK, help="under two minutes, coarse")
    parser.add_argument("--full", dest="size", action="store_const", const=FULL, help="memory at 5 million, too")
    parser.add_argument("--into", type=Path, help="put the figures into this document, between its two marks")
    parser.add_argument("--questions", type=int, help="of one contestant alone")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds, for one contestant alone")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tickets", type=int, default=5_000, help="of `run`: a whole run against the simulated city")
    parser.add_argument("--faults", default="", help="of `run`, as of `li-perf simulate`")
    parser.add_argument("--rows", type=int, default=3_600_000, help="of `year`: requests of New York")
    return parser.parse_args()


def _measure(names: list[str], size: Size, into: Path | None) -> None:
    begun, page = time.monotonic(), Page()
    page.line(f"{os.cpu_count()} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}.")
    page.line(f"Load before: {os.getloadavg()[0]:.1f}.{_warning()}")
    page.line()
    found = [target for name in names for target in PARTS[name](size, page)]
    targets.show(page, found)
    if into:
        page.put_into(into)
    say(f"{time.monotonic() - begun:.0f} s")


def _warning() -> str:
    """Two processes work at a time, a contestant and the server: what else runs falsifies what the wall clock says."""
    is_busy = os.getloadavg()[0] > 0.5
    return " Other programs are running: trust the CPU seconds, not the questions a second." if is_busy else ""


def _alone(wish: argparse.Namespace) -> None:
    contestant = BY_NAME[wish.part]
    beginning = speed.start_up(contestant)
    for _ in range(wish.runs):
        figures = speed.measure(contestant, wish.questions or contestant.count, wish.latency, beginning)
        print(
            f"{figures.rate:,.0f} questions/s  {figures.cpu_each:.3f} CPU s/1,000  {figures.peak:.0f} MB  "
            f"{figures.stats}",
            flush=True,
        )


if __name__ == "__main__":
    main()
