"""python -m bench: li_perf beside what else does the job, measured in one run on this machine."""

from __future__ import annotations

import argparse

from bench import whole
from bench.contestants import BY_NAME
from bench.speed import measure


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name in BY_NAME:
        single = verbs.add_parser(name, help="this contestant alone")
        single.add_argument("--questions", type=int, default=BY_NAME[name].count)
        single.add_argument("--latency", type=float, default=0.0)
        single.add_argument("--runs", type=int, default=3)
    whole_run = verbs.add_parser("run", help="a whole run against the simulated city")
    whole_run.add_argument("--tickets", type=int, default=5_000)
    whole_run.add_argument("--runs", type=int, default=3)
    whole_run.add_argument("--faults", default="", help="as of `li-perf simulate`")
    wish = parser.parse_args()
    if wish.verb == "run":
        whole.show(wish.tickets, wish.runs, wish.faults)
        return
    for _ in range(wish.runs):
        figures = measure(BY_NAME[wish.verb], wish.questions, wish.latency)
        print(
            f"{figures.rate:,.0f} questions/s  {figures.cpu_each:.3f} CPU s/1,000  {figures.peak:.0f} MB  "
            f"{figures.stats}",
            flush=True,
        )


if __name__ == "__main__":
    main()
