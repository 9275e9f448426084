"""Figures of the days between two that are no period of their own: out of the lake, as `li-perf metrics` has them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

from fastapi import HTTPException, Request, Response

from li_perf.faces.api.asking import served
from li_perf.faces.api.figures import Group, Question, page_of
from li_perf.faces.api.gold import measured, refuse_absent
from li_perf.faces.api.sending import Version, made_at, unchanged
from li_perf.faces.api.serving import Held
from li_perf.faces.api.silver import lake_of, read
from li_perf.faces.api.spans import Busy
from li_perf.steps.measure import between_in
from li_perf.store import lake, tickets
from li_perf.store.lake import Lake
from li_perf.store.measures import Figure, Measurement

SOON = 5  # seconds


async def figures_between(request: Request, question: Question) -> Response:
    """A page of these measures of the requests opened between two local days.

    Refuses with 503 where there are no measures or tickets, and while too many such questions wait.
    """
    held, group = question.held, question.group
    refuse_absent(held)
    measurement = await held.shelf.look(partial(measured, held))
    known = await lake_of(request, held)
    version = _version(held, measurement, known)
    if version.is_held_by(request):
        return unchanged(request, version)

    async def compute() -> Sequence[Figure]:
        return await read(request, partial(_computed, held, known, measurement.as_of, group))

    key = (version.parts, group.level, group.since, group.until)
    try:
        found = await served(request).spans.answer(key, compute)
    except Busy:
        detail = "Too many questions for days that are no period wait already. Ask again, or for a `period`."
        raise HTTPException(503, detail, headers={"Retry-After": str(SOON)}) from None
    names = {measure.name for measure in question.asked}
    wanted = [one for one in found if one.name in names and _is_of(one, group)]
    shown = wanted[question.offset : question.offset + question.limit]
    rows = [(one.name, one.area, one.type, one.period, None, one.value, one.n, one.excluded) for one in shown]
    made = f"{version.made_at:%Y-%m-%dT%H:%M:%SZ}" if version.made_at else measurement.made_at
    about = Measurement(as_of=measurement.as_of, requests=measurement.requests, made_at=made)
    return page_of(request, question, about, version, rows, total=len(wanted))


def _computed(held: Held, known: Lake, as_of: str, group: Group) -> Sequence[Figure]:
    spill = Path(tempfile.gettempdir()) / f"li_perf-{uuid4().hex}"  # made only by what does not fit into memory
    with lake.reading(known.folder, spill=spill, memory_limit=tickets.MEMORY, at=known) as kept:
        _, found = between_in(kept, held.city, level=group.level, as_of=as_of, since=group.since, until=group.until)
    return sorted(found, key=lambda one: (one.name, one.area or "", one.type or ""))


def _is_of(figure: Figure, group: Group) -> bool:
    return group.area in (None, figure.area) and group.type in (None, figure.type)


def _version(held: Held, measurement: Measurement, known: Lake) -> Version:
    """Of two things: of the lake, and of the measures, which say as of when a request is open."""
    assert known.state
    assert known.tickets
    written = tickets.written_at(known)
    parts = (held.city.name, measurement.as_of, str(known.tickets.version), str(known.state.batch), str(written))
    at = datetime.fromtimestamp(int(written), UTC) if written else None
    made = made_at(measurement.made_at)
    return Version(parts=("days", *parts), made_at=max(at, made) if at and made else None, is_dated=False)
