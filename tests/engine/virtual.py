"""An event loop whose clock jumps to the next timer as soon as nothing else is ready, and no thread is at work."""

from __future__ import annotations

import asyncio
import functools
import queue
import selectors
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

HAIR = 1e-9  # seconds a turn takes: in a clock that stands still a timer re-armed for 1e-16 s would spin for ever
STUCK_SECONDS = 5.0  # real ones, after which a loop without timers, sockets and threads has nothing to wait for


@dataclass(slots=True)
class Errand:
    """A function in another thread, whose outcome the loop is still to hear of."""

    function: Callable[..., Any]
    heard: asyncio.Future[Any] | None = None
    is_begun: bool = False
    _done: threading.Event = field(default_factory=threading.Event)

    def __call__(self, *args: Any) -> Any:
        self.is_begun = True
        try:
            return self.function(*args)
        finally:
            self._done.set()

    @property
    def is_over(self) -> bool:
        """A cancelled one runs on to its end all the same, unless it never began."""
        assert self.heard is not None
        return self.heard.done() and (not self.is_begun or self._done.is_set())

    def join(self) -> None:
        self._done.wait()


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    """Polls; where nothing is ready, time passes instead of being waited for. For threads it waits, without time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0
        self.errands: list[Errand] = []

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += HAIR
        if self.errands:
            self.errands = [errand for errand in self.errands if not errand.is_over]
        if self.errands:
            for errand in self.errands:
                errand.join()
            return super().select(None if timeout else 0)  # the loop has been told, or is being told
        ready = super().select(0)  # what was written on loopback is there at once
        if ready or timeout == 0:
            return ready
        if timeout is None:
            return self._wait()
        self.now += timeout
        return ready

    def _wait(self) -> list[tuple[selectors.SelectorKey, int]]:
        if ready := super().select(STUCK_SECONDS):
            return ready
        raise RuntimeError("Everybody waits for somebody else: no timer, no socket, no thread.")


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio with a clock that costs nothing: `sleep(3600)` returns at once, an hour later.

    Work in threads takes no time: while one is busy for this loop, the clock stands.
    """

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = HAIR

    def time(self) -> float:
        return self._jumping.now

    def leap(self, seconds: float) -> None:
        """Let time pass at once, as over a machine that was stopped: every timer in between is late."""
        self._jumping.now += seconds

    def send(self, errand: Errand) -> None:
        self._jumping.errands.append(errand)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        errand = Errand(func)
        errand.heard = super().run_in_executor(executor, errand, *args)
        self.send(errand)
        return errand.heard


class _Noting(queue.SimpleQueue):  # type: ignore[type-arg]
    """What an aiosqlite connection gives to its thread; a virtual loop is told of each."""

    def put_nowait(self, item: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        heard, function = item
        loop = heard.get_loop() if heard else None
        if isinstance(loop, VirtualLoop):
            errand = Errand(function, heard=heard)
            loop.send(errand)
            function = errand
        super().put_nowait((heard, function))


@contextmanager
def virtual_runner() -> Iterator[asyncio.Runner]:
    """A runner of a virtual loop that knows of SQLite's threads too."""
    with patch("aiosqlite.core.SimpleQueue", _Noting), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        yield runner


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on a loop of its own whose clock jumps."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with virtual_runner() as runner:
            runner.run(test(*args, **kwargs))

    return run


def now() -> float:
    return asyncio.get_running_loop().time()
