"""Routes: figures by area, type and period; volume of unknown places; the rolling week."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from li_perf.analysis.dictionary import BY_NAME, ROLLING, made, never_made
from li_perf.faces.api.answers import DayItem, Days, Figures
from li_perf.faces.api.asking import (
    USUAL,
    Area,
    By,
    Format,
    InCity,
    Limit,
    Names,
    Offset,
    PeriodName,
    Since,
    Type,
    Until,
    only_known,
)
from li_perf.faces.api.documents import answered
from li_perf.faces.api.figures import Group, Question, definitions, figures_of
from li_perf.faces.api.gold import from_gold
from li_perf.faces.api.sending import Table, Version, page_after, send
from li_perf.faces.api.spanning import figures_between
from li_perf.store import measures
from li_perf.store.measures import Measurement
from li_perf.store.reading import Snapshot

router = APIRouter(dependencies=[Depends(only_known)], tags=["metrics"])
DAY_HEADER = ("type", "day", "volume", "value", "unit", "n", "definition", "as_of")


@router.get("/v1/cities/{city}/metrics", **answered(Figures, 404, 503, csv=True))
async def metrics(
    request: Request,
    held: InCity,
    name: Names = [],  # noqa: B006 - FastAPI copies it
    by: By = "city",
    period: PeriodName = "all",
    area: Area = None,
    type: Type = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = USUAL,
    offset: Offset = 0,
    format: Format = None,
) -> Response:
    """Figures by area, type and period.

    `since` and `until` bound the periods' first days; with the period `all`, the days on which requests were opened.
    """
    group = Group(by=by, period=period, area=area, type=type, since=since, until=until)
    if said := never_made(name, level=group.level, period=period):
        raise HTTPException(404, said)
    asked = [BY_NAME[one] for one in dict.fromkeys(name)] or made(period)
    return await _figures(request, Question(held=held, asked=asked, group=group, limit=limit, offset=offset))


@router.get("/v1/cities/{city}/volume/unplaced", **answered(Figures, 404, 503, csv=True))
async def unplaced(
    request: Request,
    held: InCity,
    by: Literal["city", "type"] = "city",
    period: Literal["all", "year", "quarter", "month"] = "all",
    type: Type = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = USUAL,
    offset: Offset = 0,
    format: Format = None,
) -> Response:
    """Requests that name no area, beside all requests."""
    asked = (BY_NAME["volume"], BY_NAME["volume_unplaced"])
    group = Group(by=by, period=period, type=type, since=since, until=until)
    return await _figures(request, Question(held=held, asked=asked, group=group, limit=limit, offset=offset))


@router.get("/v1/cities/{city}/rolling", **answered(Days, 404, 503, csv=True))
async def rolling(
    request: Request,
    held: InCity,
    type: Type = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = USUAL,
    offset: Offset = 0,
    format: Format = None,
) -> Response:
    """Requests a day by type, and those of the seven days that end with it; only days that have a request."""
    query = measures.day_selection(kind=type, since=since, until=until)

    async def make(snapshot: Snapshot, measurement: Measurement, version: Version) -> Response:
        total = await measures.count(snapshot, query)
        rows = await measures.page(snapshot, query, limit=limit, offset=offset)
        following = page_after(request, offset=offset + limit) if offset + limit < total else None
        page = Days(
            city=held.city.name,
            as_of=measurement.as_of,
            made_at=measurement.made_at,
            definitions=definitions([ROLLING]),
            items=[_day(row, measurement.as_of) for row in rows],
            total=total,
            next=following,
        )
        return send(request, page, version, table=lambda: _table(page), following=following)

    return await from_gold(request, held, make)


async def _figures(request: Request, question: Question) -> Response:
    """What was measured, or what has to be."""
    return await (figures_between if question.group.is_span else figures_of)(request, question)


def _day(row: Any, as_of: str) -> DayItem:
    return DayItem(
        type=row.type,
        day=row.day,
        volume=row.volume,
        value=row.volume_7d,
        n=row.volume_7d,
        definition=ROLLING.name,
        as_of=as_of,
    )


def _table(page: Days) -> Table:
    said = {"unit": ROLLING.unit, "definition": ROLLING.definition}
    return DAY_HEADER, ([said.get(name) or getattr(item, name) for name in DAY_HEADER] for item in page.items)
