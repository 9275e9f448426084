"""Answers out of gold: all that a request reads is of one snapshot, and nothing is read for who has it already."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import HTTPException, Request, Response

from li_perf.faces.api.sending import Version, made_at, unchanged
from li_perf.faces.api.serving import Held
from li_perf.store import measures
from li_perf.store.measures import Measurement
from li_perf.store.reading import Snapshot

Make = Callable[[Snapshot, Measurement, Version], Awaitable[Response]]


async def from_gold(request: Request, held: Held, make: Make) -> Response:
    """What `make` makes of the city's measures. Refuses with 503 where there are none."""
    refuse_absent(held)

    async def read(snapshot: Snapshot) -> Response:
        measurement = await measured(held, snapshot)
        version = version_of(held, measurement)
        return (
            unchanged(request, version) if version.is_held_by(request) else await make(snapshot, measurement, version)
        )

    return await held.shelf.look(read)


async def measured(held: Held, snapshot: Snapshot) -> Measurement:
    """What the city's measures are of. Refuses with 503 where there are none."""
    found = await measures.measured(snapshot)
    if found is None:
        name = held.city.name
        raise HTTPException(503, f"There are no measures of {name} yet. `li-perf measure {name}` makes them.")
    return found


def refuse_absent(held: Held) -> None:
    """503 where the city has no store."""
    if not held.exists:
        name = held.city.name
        raise HTTPException(503, f"There is no store of {name} yet. `li-perf download {name}` begins one.")


def version_of(held: Held, found: Measurement) -> Version:
    parts = (held.city.name, found.as_of, found.made_at, str(found.requests))
    return Version(parts=parts, made_at=made_at(found.made_at))
