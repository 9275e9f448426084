"""How many requests are on the wire, and were at most."""

from __future__ import annotations

from types import TracebackType


class Wire:
    """For `with`, around each request; a class, as a generator for each call costs three times as much."""

    __slots__ = ("most", "now")

    def __init__(self) -> None:
        self.now = self.most = 0

    def __enter__(self) -> None:
        self.now += 1
        if self.now > self.most:
            self.most = self.now

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.now -= 1
