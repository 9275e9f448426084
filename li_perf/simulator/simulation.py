"""A running simulation as its user sees it: where it is, what it was asked, how fast."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """One request as it came: `at` in seconds of the event loop's clock, `what` the question or the statement."""

    at: float
    server: str
    what: str
    status: int
    key_in_header: bool
    key_in_url: bool


@dataclass(slots=True, kw_only=True)
class Simulation:
    ais_url: str
    carto_url: str
    asked: Counter[str] = field(default_factory=Counter)
    log: deque[WireRequest] = field(default_factory=lambda: deque(maxlen=1_000_000))

    def stats(self) -> dict[str, Any]:
        """What a test in another process asks for: questions asked more than once, counts, peaks, statuses."""
        times = {server: [entry.at for entry in self.log if entry.server == server] for server in ("ais", "carto")}
        statuses = Counter(f"{entry.server} {entry.status}" for entry in self.log)
        return {
            "asked": {question: count for question, count in self.asked.items() if count > 1},
            "ais_requests": len(times["ais"]),
            "carto_requests": len(times["carto"]),
            "max_per_second": {server: busiest_second(at) for server, at in times.items()},
            "by_status": dict(sorted(statuses.items())),
        }


def busiest_second(times: Iterable[float]) -> int:
    """The most requests in any window of one second, wherever it begins."""
    window: deque[float] = deque()
    most = 0
    for at in sorted(times):
        window.append(at)
        while window[0] <= at - 1:
            window.popleft()
        most = max(most, len(window))
    return most
