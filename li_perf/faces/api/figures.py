"""Figures as a page of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from fastapi import Request, Response

from li_perf.analysis.dictionary import Measure
from li_perf.faces.api.answers import Definition, FigureItem, Figures
from li_perf.faces.api.gold import from_gold
from li_perf.faces.api.sending import Table, Version, page_after, send
from li_perf.faces.api.serving import Held
from li_perf.faces.figures import plain
from li_perf.store import measures
from li_perf.store.measures import Measurement
from li_perf.store.reading import Snapshot

HEADER = (*("name", "unit", "area", "type", "period", "starts_on", "value", "n", "excluded", "definition", "as_of"),)

MOST_TOTALS = 1_000
_decode = msgspec.json.Decoder(dict[str, int]).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Which groups and periods are asked for."""

    by: str
    period: str
    area: str | None = None
    type: str | None = None
    since: date | None = None
    until: date | None = None

    @property
    def level(self) -> str:
        return self.by.replace(",", "_")

    @property
    def is_span(self) -> bool:
        """Whether it is of the days between two that are no period of their own."""
        return self.period == "all" and (self.since or self.until) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which page of which measures of a city, and of which groups."""

    held: Held
    asked: Sequence[Measure]
    group: Group
    limit: int
    offset: int


async def figures_of(request: Request, question: Question) -> Response:
    """A page of figures that were measured."""
    group, asked = question.group, question.asked
    query = measures.selection(
        period=group.period,
        level=group.level,
        names=[measure.name for measure in asked],
        area=group.area,
        kind=group.type,
        since=group.since,
        until=group.until,
    )

    async def make(snapshot: Snapshot, measurement: Measurement, version: Version) -> Response:
        total = await _total(snapshot, query, (tuple(one.name for one in asked), group), version)
        found = await measures.page(snapshot, measures.bare(query), limit=question.limit, offset=question.offset)
        rows = [(*kept, _decode(excluded) if excluded else {}) for *kept, excluded in found]
        return page_of(request, question, measurement, version, rows, total=total)

    return await from_gold(request, question.held, make)


def page_of(
    request: Request,
    question: Question,
    about: Measurement,
    version: Version,
    rows: Sequence[Sequence[Any]],
    *,
    total: int,
) -> Response:
    """The answer; `rows` are name, area, type, period, starts_on, value, n, excluded."""
    group, behind = question.group, question.offset + question.limit
    following = page_after(request, offset=behind) if behind < total else None
    page = Figures(
        city=question.held.city.name,
        as_of=about.as_of,
        made_at=about.made_at,
        since=group.since.isoformat() if group.is_span and group.since else None,
        until=group.until.isoformat() if group.is_span and group.until else None,
        definitions=definitions(question.asked),
        items=_items(rows, about.as_of),
        total=total,
        next=following,
    )
    return send(request, page, version, table=lambda: _table(page), following=following)


def definitions(asked: Sequence[Measure]) -> dict[str, Definition]:
    return {measure.name: Definition(definition=measure.definition, unit=measure.unit) for measure in asked}


async def _total(snapshot: Snapshot, query: Any, key: tuple[object, ...], version: Version) -> int:
    """How many figures there are; those of a version that cannot change any more are counted once."""
    if not version.is_settled:
        return await measures.count(snapshot, query)
    totals, whole = snapshot.memory, (*key, *version.parts)
    if whole not in totals:
        if len(totals) >= MOST_TOTALS:
            totals.clear()
        totals[whole] = await measures.count(snapshot, query)
    return int(totals[whole])


def _items(rows: Sequence[Any], as_of: str) -> list[FigureItem]:
    """In one step: there may be a thousand a page."""
    return [
        FigureItem(
            name=name,
            area=area,
            type=kind,
            period=period,
            starts_on=starts_on,
            value=value,
            n=n,
            excluded=excluded,
            definition=name,
            as_of=as_of,
        )
        for name, area, kind, period, starts_on, value, n, excluded in rows
    ]


def _table(page: Figures) -> Table:
    """With the definitions' own words: a table may be read without its page."""
    return HEADER, (_cells(item, page.definitions[item.definition]) for item in page.items)


def _cells(item: FigureItem, meaning: Definition) -> Sequence[object]:
    said: dict[str, object] = {
        "unit": meaning.unit,
        "value": plain(item.value, meaning.unit),
        "excluded": _reasons(item.excluded),
        "definition": meaning.definition,
    }
    return [said[name] if name in said else getattr(item, name) for name in HEADER]


def _reasons(excluded: dict[str, int]) -> str:
    return msgspec.json.encode(excluded).decode() if excluded else ""
