"""Answers out of a city's lake: which there is, as of when, and how it is read beside everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from fastapi import HTTPException, Request

from li_perf.faces.api.asking import served
from li_perf.faces.api.gold import refuse_absent
from li_perf.faces.api.sending import Version
from li_perf.faces.api.serving import Held
from li_perf.store import lake, tickets
from li_perf.store.lake import Lake
from li_perf.store.opening import through

T = TypeVar("T")


async def lake_of(request: Request, held: Held) -> Lake:
    """The city's tickets as they stand. Refuses with 503 where there are none."""
    refuse_absent(held)
    known = await read(request, lambda: lake.look(lake.folder_of(held.shelf.path)))
    if known.state is None or not known.has_our_columns:
        name = held.city.name
        raise HTTPException(503, f"There are no tickets of {name} yet. `li-perf clean {name}` makes them.")
    return known


async def read(request: Request, work: Callable[[], T]) -> T:
    """In a thread, to its end; few at a time, as each has memory of its own."""
    at_work, token = served(request).at_work, object()
    async with served(request).room:
        at_work.add(token)
        try:
            return await through(asyncio.ensure_future(asyncio.to_thread(work)))
        finally:
            at_work.discard(token)


def as_of(known: Lake) -> str:
    """When the newest download that is in the lake was begun."""
    assert known.state
    return known.state.cursor.started_at


def version_of(held: Held, known: Lake) -> Version:
    """What a city with inspections says of a request does not depend on the lake alone."""
    assert known.state
    assert known.tickets
    parts = (held.city.name, str(known.tickets.version), str(known.state.batch), as_of(known))
    written = tickets.written_at(known)
    at = datetime.fromtimestamp(int(written), UTC) if written and not held.city.inspections else None
    return Version(parts=(*parts, str(written)), made_at=at)
