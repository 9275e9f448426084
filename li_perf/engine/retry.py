"""Retry as one frozen value. The only file that knows tenacity."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from li_perf.errors import ColumnGone, Fault, Rejected, TooHeavy

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Full jitter: before retry n wait a random time up to min(cap, first · 2ⁿ⁻¹) seconds; `tries` calls in all.

    Source: Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """

    tries: int = 5
    first: float = 1.0
    cap: float = 60.0

    async def run(
        self,
        call: Callable[[], Awaitable[T]],
        *,
        sleep: Callable[[float], Awaitable[None]],
        forgiven: Callable[[], int] = lambda: 0,
    ) -> T:
        """Call until it succeeds; raise its last Fault when the tries are used up, any other error at once.

        So many of the tries as are `forgiven` behind one do not count.

        The first call is made bare: tenacity costs a quarter of an HTTP call, and most calls succeed.
        """
        try:
            return await call()
        except Fault as fault:
            if is_final(fault):
                raise
            failures = [fault]

        async def again() -> T:
            if failures:
                raise failures.pop()
            return await call()

        return await AsyncRetrying(
            retry=retry_if_exception_type(Fault),  # named, so that a cancellation is never retried
            stop=partial(self._is_over, forgiven),
            wait=wait_random_exponential(multiplier=self.first, max=self.cap),
            sleep=sleep,
            reraise=True,
        )(again)

    def _is_over(self, forgiven: Callable[[], int], state: RetryCallState) -> bool:
        fault = state.outcome.exception() if state.outcome else None
        if not isinstance(fault, Fault) or is_final(fault):
            return True
        return state.attempt_number - forgiven() >= min(self.tries, fault.tries or self.tries)


def is_final(fault: Fault) -> bool:
    """Whether asking the same again is useless: the server looked, and said no."""
    return isinstance(fault, Rejected | TooHeavy | ColumnGone)
