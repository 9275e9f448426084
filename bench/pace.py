"""python -m bench.pace [known|unknown|knee|reopen]: how servers see their limits kept."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

from bench import pace_pictures as pictures
from bench.pace_run import Run, run

QUICK, USUAL = (0.005, 0.015), (0.05, 0.08)  # seconds that a reply takes
FROM, PAUSE = 8.0, 4.0  # a pause begins, and lasts, in seconds
RAMP, AFTER = 3.0, 2.0  # seconds that are not counted: at the start, and after a pause
LEARNT = 30.0  # seconds after which an unknown limit should be known
KNEE = {"kind": "knee", "places": 16, "queue": 64, "service": 0.05}


@dataclass(frozen=True, kw_only=True)
class Known:
    """A server's limit, known to the client, and what interrupts the two."""

    rate: float
    burst: int
    pause: str = ""

    def run(self, seconds: float) -> Run:
        server: dict[str, Any] = {"kind": "gcra", "rate": self.rate, "burst": self.burst, "latency": QUICK}
        client: dict[str, Any] = {"rate": self.rate, "seconds": seconds, "workers": 64}
        if self.pause == "Retry-After":
            server["shut"] = (FROM, FROM + PAUSE)
        if self.pause == "idle":
            client["silent"] = (FROM, PAUSE)
        return run(server, client, stopped=(FROM, PAUSE) if self.pause == "SIGSTOP" else None)

    def spans(self, seconds: float) -> list[tuple[float, float]]:
        """The seconds in which the limit should be used."""
        if not self.pause:
            return [(RAMP, seconds)]
        return [(RAMP, FROM - 1), (FROM + PAUSE + AFTER, seconds)]

    def row(self, seen: Run, seconds: float) -> str:
        spans = self.spans(seconds)
        used = sum(seen.count(200, *span) for span in spans) / sum(end - start for start, end in spans) / self.rate
        shut = seen.count(429, FROM, FROM + PAUSE) if self.pause == "Retry-After" else 0
        refused = seen.count(429, 0, seconds) - shut
        name = self.pause or "none"
        most = seen.most_in_a_second()
        return f"{self.rate:>7,.0f}  {self.burst:>5}  {name:<11}  {used:>6.1%}  {refused:>4}  {most:>11,}"


KNOWN = [
    *(Known(rate=rate, burst=burst) for rate, burst in ((10, 1), (10, 10), (50, 3), (50, 10), (200, 3), (200, 10))),
    Known(rate=1_000, burst=10),
    *(Known(rate=rate, burst=10, pause=pause) for pause in ("idle", "Retry-After", "SIGSTOP") for rate in (50, 1_000)),
]
UNKNOWN = [(rate, advice) for rate in (20, 200, 1_000) for advice in (1, None)]


def known(seconds: float) -> None:
    """The client is told the server's limit; a pause is 4 seconds long."""
    print("limit/s  burst  pause          used  429s  most in 1 s")
    for case in KNOWN:
        seen = case.run(seconds)
        print(case.row(seen, seconds), flush=True)
        if case.rate == 50 and case.pause == "SIGSTOP":
            pictures.known(seen, rate=case.rate, seconds=seconds, pause=(FROM, FROM + PAUSE))


def unknown(seconds: float) -> None:
    """The client is told nothing; burst 10, a reply takes 50 to 80 ms; the columns are from the 30th second on."""
    print("limit/s  Retry-After    used  429s  per 1,000 answers  (429s before)")
    for rate, advice in UNKNOWN:
        server = {"kind": "gcra", "rate": rate, "burst": 10, "latency": USUAL, "advice": advice}
        seen = run(server, {"rate": None, "seconds": seconds, "workers": 128})
        answered, refused = (seen.count(status, LEARNT, seconds) for status in (200, 429))
        used, share, before = answered / (seconds - LEARNT) / rate, refused / answered, seen.count(429, 0, LEARNT)
        advised = "none" if advice is None else f"{advice} s"
        print(
            f"{rate:>7,}  {advised:<11}  {used:>6.1%}  {refused:>4}  {1000 * share:>17.1f}  {before:>13,}", flush=True
        )
        if (rate, advice) == (200, 1):
            pictures.unknown(seen, rate=rate, seconds=seconds)


def knee(seconds: float) -> None:
    """16 places of 50 ms, a queue of 64, and a collapse beyond: 100 workers of the engine, and 100 threads."""
    best = KNEE["places"] / KNEE["service"]
    print(f"client        answers/s  of {best:.0f}   503s  calls  questions answered    lost")
    runs = {
        "engine": run(KNEE, {"rate": None, "seconds": seconds, "workers": 100}),
        "100 threads": run(KNEE, {"naive": True, "seconds": seconds, "workers": 100}),
    }
    for name, seen in runs.items():
        speed = seen.answers(5, seconds) / (seconds - 5)
        shed = seen.count(503, 0, seconds)
        print(
            f"{name:<12}  {speed:>9.0f}  {speed / best:>6.1%}  {shed:>5,}  {len(seen.at):>5,}"
            f"  {seen.answered:>18,}  {seen.failed:>6,}"
        )
    pictures.knee(runs, best=best, seconds=seconds)


def reopen(seconds: float) -> None:
    """A server of 100 a second is shut for 4 seconds, and says so: requests in each 100 ms from then on."""
    server = {"kind": "gcra", "rate": 100, "burst": 10, "latency": QUICK, "advice": 1, "shut": (FROM, FROM + PAUSE)}
    clients = {"engine": {"rate": 100}, "engine, limit unknown": {"rate": None}, "64 threads": {"naive": True}}
    for name, client in clients.items():
        seen = run(server, {**client, "seconds": seconds, "workers": 64})
        opened = next(at for at, status in zip(seen.at, seen.status, strict=True) if at > FROM + 1 and status == 200)
        tenths = [sum(opened <= at - tenth / 10 < opened + 0.1 for at in seen.at) for tenth in range(20)]
        refused = seen.count(429, opened, seconds)
        print(f"{name:<22}", *(f"{count:>3}" for count in tenths), f"  429s: {refused}", flush=True)


PARTS = {"known": (known, 25.0), "unknown": (unknown, 90.0), "knee": (knee, 30.0), "reopen": (reopen, 16.0)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.pace", description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS, help="all of them if not given")
    parser.add_argument("--seconds", type=float, help="of each run")
    wish = parser.parse_args()
    for name in [wish.part] if wish.part else PARTS:
        part, usual = PARTS[name]
        print(f"\n{name}: {part.__doc__}")
        part(wish.seconds or usual)


if __name__ == "__main__":
    main()
