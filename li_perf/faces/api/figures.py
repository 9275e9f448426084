"""Figures as a page of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec
from fastapi import Request, Response

from li_perf.analysis.dictionary import Measure
from li_perf.faces.api.answers import Definition, FigureItem, Figures
from li_perf.faces.api.gold import from_gold
from li_perf.faces.api.sending import Table, Version, page_after, send
from li_perf.faces.api.serving import Held
from li_perf.store import measures
from li_perf.store.measures import Figure, Measurement
from li_perf.store.reading import Snapshot

HEADER = (*("name", "unit", "area", "type", "period", "starts_on", "value", "n", "excluded", "definition", "as_of"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Which groups and periods are asked for."""

    by: str
    period: str
    area: str | None = None
    type: str | None = None
    since: date | None = None
    until: date | None = None


async def figures_of(
    request: Request, held: Held, asked: Sequence[Measure], group: Group, *, limit: int, offset: int
) -> Response:
    """A page of these measures of a city."""
    query = measures.selection(
        period=group.period,
        level=group.by.replace(",", "_"),
        names=[measure.name for measure in asked],
        area=group.area,
        kind=group.type,
        since=group.since,
        until=group.until,
    )

    async def make(snapshot: Snapshot, measurement: Measurement, version: Version) -> Response:
        total = await measures.count(snapshot, query)
        found = await measures.figures(snapshot, query.limit(limit).offset(offset))
        following = page_after(request, offset=offset + limit) if offset + limit < total else None
        page = Figures(
            city=held.city.name,
            as_of=measurement.as_of,
            made_at=measurement.made_at,
            definitions=definitions(asked),
            items=[_item(figure, measurement.as_of) for figure in found],
            total=total,
            next=following,
        )
        return send(request, page, version, table=lambda: _table(page), following=following)

    return await from_gold(request, held, make)


def definitions(asked: Sequence[Measure]) -> dict[str, Definition]:
    return {measure.name: Definition(definition=measure.definition, unit=measure.unit) for measure in asked}


def _item(figure: Figure, as_of: str) -> FigureItem:
    return FigureItem(
        name=figure.name,
        area=figure.area,
        type=figure.type,
        period=figure.period,
        starts_on=figure.starts_on.isoformat() if figure.starts_on else None,
        value=figure.value,
        n=figure.n,
        excluded=figure.excluded,
        definition=figure.name,
        as_of=as_of,
    )


def _table(page: Figures) -> Table:
    """With the definitions' own words: a table may be read without its page."""
    return HEADER, (_cells(item, page.definitions[item.definition]) for item in page.items)


def _cells(item: FigureItem, meaning: Definition) -> Sequence[object]:
    said = {"unit": meaning.unit, "definition": meaning.definition, "excluded": _reasons(item.excluded)}
    return [said[name] if name in said else getattr(item, name) for name in HEADER]


def _reasons(excluded: dict[str, int]) -> str:
    return msgspec.json.encode(excluded).decode() if excluded else ""
