"""Tells when more than a few of AIS's answers have a field in a form that is not known: then AIS has changed."""

from __future__ import annotations

import logging
from collections import deque

from li_perf.errors import Fault

log = logging.getLogger("li_perf.steps")
LAST, MOST = 200, 2  # more than one in a hundred


class Drifts:
    """Sees how each question ended; tells once. The run goes on: where every answer has changed, the breaker opens."""

    def __init__(self) -> None:
        self._last: deque[bool] = deque(maxlen=LAST)
        self._has_told = False

    def see(self, drift: Fault | None) -> None:
        """Note a question that was answered, or failed by this drift."""
        self._last.append(drift is not None)
        count = sum(self._last) if drift else 0
        if count > MOST and not self._has_told:
            self._has_told = True
            log.warning(
                "%d of the last %d addresses have no usable answer: %s They are marked failed, with the reason drift.",
                *(count, len(self._last), drift),
            )
