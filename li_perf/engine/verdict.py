"""The verdict on one call: whose fault a failure is, and so who pays for it. Pure: what it must know is given to it."""

from __future__ import annotations

from enum import StrEnum

from li_perf.errors import Busy, Fault, LiPerfError


class Verdict(StrEnum):
    """What follows from a call."""

    OK = "ok"  # an answer: kept
    ITEM = "item"  # the question's own fault: one of its tries is used up
    SERVICE = "service"  # the server's fault, or this machine's: asked again, and charged to nobody
    STOP = "stop"  # neither waiting nor asking again mends it: the run ends, and can be resumed


def verdict(error: LiPerfError | None, *, slept: bool = False, is_down: bool = False) -> Verdict:
    """The verdict on a call that ended with `error`, or with an answer.

    `slept` is whether this machine slept meanwhile, `is_down` whether the server fails for every question.
    """
    if error is None:
        return Verdict.OK
    if not isinstance(error, Fault):
        return Verdict.STOP
    if slept or is_down or isinstance(error, Busy):
        return Verdict.SERVICE
    return Verdict.ITEM
