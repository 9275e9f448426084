"""How one server is being asked at this moment: what an operator wants to see."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from li_perf.engine.ask import Asker


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """`rate` is the most calls a second at present, null where nothing bounds them; `held` seconds until the next call.

    `limit` is the adaptive bound on calls in flight. Since the process began: `calls` by verdict (those with "service"
    are repeated, charged to nobody), `retries`, new tries of questions, and `openings` of the breaker: pauses.
    """

    server: str
    rate: float | None
    held: float
    in_flight: int
    limit: int
    is_paused: bool
    openings: int
    retries: int
    calls: dict[str, int]


def vitals(asker: Asker) -> Vitals:
    """The asker's, now."""
    client, breaker = asker.client, asker.breaker
    return Vitals(
        server=client.server.name,
        rate=client.pace.rate if math.isfinite(client.pace.rate) else None,
        held=client.pace.held,
        in_flight=client.limit.in_flight,
        limit=client.limit.now,
        is_paused=breaker.is_open,
        openings=breaker.openings,
        retries=asker.retries,
        calls={verdict.value: count for verdict, count in asker.verdicts.items()},
    )
