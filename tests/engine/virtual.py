"""An event loop whose clock jumps to the next timer as soon as nothing else is ready."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

HAIR = 1e-9  # seconds a turn takes: in a clock that stands still a timer re-armed for 1e-16 s would spin for ever


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    """Polls; where nothing is ready, time passes instead of being waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)  # what was written on loopback is there at once
        if not ready and timeout is None:
            ready = super().select(None)
        self.now += HAIR + (timeout or 0.0 if not ready else 0.0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio with a clock that costs nothing: `sleep(3600)` returns at once, an hour later."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = HAIR

    def time(self) -> float:
        return self._jumping.now


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on a loop of its own whose clock jumps."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def now() -> float:
    return asyncio.get_running_loop().time()
