"""Routes: the cities, and each one's areas and types."""

from __future__ import annotations

import logging

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from li_perf.analysis.dictionary import BY_NAME
from li_perf.errors import StoreError
from li_perf.faces.api.answers import Cities, CityItem, Figures
from li_perf.faces.api.asking import USUAL, Format, InCity, Limit, Offset, only_known, served
from li_perf.faces.api.documents import answered
from li_perf.faces.api.figures import Group, Question, figures_of
from li_perf.faces.api.sending import Table, Version, made_at, send, unchanged
from li_perf.faces.api.serving import Held
from li_perf.steps.servers import is_of_made_up
from li_perf.store import measures
from li_perf.store.measures import Measurement

router = APIRouter(dependencies=[Depends(only_known)], tags=["cities"])
log = logging.getLogger(__name__)
VOLUME = (BY_NAME["volume"],)


@router.get("/v1/cities", **answered(Cities, csv=True))
async def cities(request: Request, format: Format = None) -> Response:
    """The cities: what each has, and as of when."""
    items = [await _item(held) for held in served(request).cities.values()]
    return _send(request, items, Cities(items=items))


@router.get("/v1/cities/{city}", **answered(CityItem, 404))
async def city(request: Request, held: InCity) -> Response:
    """One city."""
    item = await _item(held)
    return _send(request, [item], item)


@router.get("/v1/cities/{city}/areas", **answered(Figures, 404, 503, csv=True))
async def areas(
    request: Request, held: InCity, limit: Limit = USUAL, offset: Offset = 0, format: Format = None
) -> Response:
    """The areas, each with its volume of all time; the empty one is of requests that name none."""
    group = Group(by="area", period="all")
    return await figures_of(request, Question(held=held, asked=VOLUME, group=group, limit=limit, offset=offset))


@router.get("/v1/cities/{city}/types", **answered(Figures, 404, 503, csv=True))
async def types(
    request: Request, held: InCity, limit: Limit = USUAL, offset: Offset = 0, format: Format = None
) -> Response:
    """The types of requests, each with its volume of all time; the empty one is of requests that name none."""
    group = Group(by="type", period="all")
    return await figures_of(request, Question(held=held, asked=VOLUME, group=group, limit=limit, offset=offset))


async def _item(held: Held) -> CityItem:
    found, problem, is_false = None, None, False
    try:
        found = await look(held)
        is_false = found is not None and await held.shelf.look(lambda snapshot: is_of_made_up(snapshot, held.city))
    except StoreError:
        problem = "The store cannot be read; this server's log says why."
    place = held.city
    return CityItem(
        name=place.name,
        title=place.title,
        zone=place.zone.key,
        has=held.has,
        area_title=place.area_title,
        as_of=found.as_of if found else None,
        made_at=found.made_at if found else None,
        requests=found.requests if found else None,
        is_made_up=is_false,
        problem=problem,
    )


async def look(held: Held) -> Measurement | None:
    """What the city's measures are of, None without any. Raises StoreError."""
    try:
        return await held.shelf.look(measures.measured) if held.exists else None
    except StoreError as error:
        log.warning(str(error))
        raise


def _send(request: Request, items: list[CityItem], body: Cities | CityItem) -> Response:
    times = [made_at(item.made_at) for item in items if item.made_at]
    latest = max((time for time in times if time), default=None)
    parts = [f"{item.name} {item.as_of} {item.made_at} {item.is_made_up} {item.problem}" for item in items]
    version = Version(parts=parts, made_at=latest, is_dated=False)
    if version.is_held_by(request):
        return unchanged(request, version)
    return send(request, body, version, table=lambda: _table(items))


def _table(items: list[CityItem]) -> Table:
    plain = [msgspec.structs.asdict(item) | {"has": ";".join(item.has)} for item in items]
    return CityItem.__struct_fields__, ([row[name] for name in CityItem.__struct_fields__] for row in plain)
