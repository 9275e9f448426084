"""One run of a client against a server, each in a process of its own, and the figures that the server measured."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from bisect import bisect_left
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Run:
    """What the server saw: when, in seconds since the first request, and how it replied; and what the client says."""

    at: list[float]
    status: list[int]
    answered_at: list[float]
    answered: int
    failed: int

    def count(self, status: int, since: float, until: float) -> int:
        """Requests of the span that got this reply."""
        return sum(is_it == status and since <= at < until for at, is_it in zip(self.at, self.status, strict=True))

    def answers(self, since: float, until: float) -> int:
        """Answers that left the server in the span."""
        pairs = zip(self.answered_at, self.status, strict=True)
        return sum(status == 200 and since <= at < until for at, status in pairs)

    def most_in_a_second(self) -> int:
        """The most requests in any second, wherever it begins."""
        return max(bisect_left(self.at, at + 1) - index for index, at in enumerate(self.at))


def run(server: dict[str, Any], client: dict[str, Any], *, stopped: tuple[float, float] | None = None) -> Run:
    """`stopped` is (after, for) in seconds: the client gets SIGSTOP, and then SIGCONT."""
    serving = _start("bench.pace_server", server, stdin=subprocess.PIPE)
    try:
        assert serving.stdout
        url = f"http://127.0.0.1:{int(serving.stdout.readline())}"
        asking = _start("bench.pace_client", {"url": url, **client})
        if stopped:
            _stop(asking, *stopped)
        became = json.loads(asking.communicate(timeout=client["seconds"] + 60)[0])
    finally:
        seen = json.loads(serving.communicate(timeout=30)[0])
    return _read(seen, became)


def _start(module: str, wish: dict[str, Any], **how: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", module, json.dumps(wish)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **how)


def _stop(process: subprocess.Popen[str], after: float, pause: float) -> None:
    time.sleep(after)
    process.send_signal(signal.SIGSTOP)
    time.sleep(pause)
    process.send_signal(signal.SIGCONT)


def _read(seen: dict[str, list[Any]], became: dict[str, int]) -> Run:
    first = seen["at"][0]
    return Run(
        at=[at - first for at in seen["at"]],
        status=seen["status"],
        answered_at=[at - first for at in seen["answered_at"]],
        answered=became.get("answered", 0),
        failed=became.get("failed", 0),
    )
