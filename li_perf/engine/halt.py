"""The wish to stop, and sleeps that it ends."""

from __future__ import annotations

import asyncio


class Stopped(Exception):
    """The run was asked to stop; not a failure."""


class Halt:
    """Set once, by a signal; whoever waits through it is woken with Stopped."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        self._event.set()

    @property
    def is_set(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise Stopped if the run was asked to stop."""
        if self.is_set:
            raise Stopped

    async def wait(self) -> None:
        await self._event.wait()

    async def sleep(self, seconds: float) -> None:
        """Sleep, or raise Stopped as soon as the run is asked to stop."""
        self.check()
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        raise Stopped
