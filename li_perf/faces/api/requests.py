"""Routes: the open requests of a city, and all that is known of one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response
from fastapi import Request as Asked

from li_perf.faces.api.asking import LONGEST, USUAL, Area, Format, InCity, Limit, Type, only_known
from li_perf.faces.api.documents import answered
from li_perf.faces.api.records import Request, RequestFile, Requests, Turn
from li_perf.faces.api.sending import Table, page_after, send, unchanged
from li_perf.faces.api.serving import Held
from li_perf.faces.api.silver import as_of, lake_of, read, version_of
from li_perf.steps import explain
from li_perf.store import tickets
from li_perf.store.tickets import Place, Row

router = APIRouter(dependencies=[Depends(only_known)], tags=["requests"])
START = datetime(1970, 1, 1, tzinfo=UTC)
AFTER = rf"^[0-9]{{1,17}}~[^\x00-\x1f]{{1,{LONGEST}}}$"  # microseconds since 1970, and a number

After = Annotated[str | None, Query(pattern=AFTER, description="Where the page before ended; `next` has it.")]
Number = Annotated[str, Path(min_length=1, max_length=LONGEST, description="The request's number.")]


@router.get("/v1/cities/{city}/requests/open", **answered(Requests, 404, 503, csv=True))
async def open_requests(
    request: Asked,
    held: InCity,
    area: Area = None,
    type: Type = None,
    after: After = None,
    limit: Limit = USUAL,
    format: Format = None,
) -> Response:
    """Open requests, overdue ones included, oldest first; no free text."""
    known = await lake_of(request, held)
    version = version_of(held, known)
    if version.is_held_by(request):
        return unchanged(request, version)
    found = await read(
        request, lambda: tickets.open_ones(known, after=_place(after), limit=limit + 1, area=area, kind=type)
    )
    items = [_request(row) for row in found.tickets[:limit]]
    following = page_after(request, after=_after(items[-1])) if len(found.tickets) > limit else None
    page = Requests(city=held.city.name, as_of=as_of(known), items=items, total=found.total, next=following)
    return send(request, page, version, table=lambda: _table(page), following=following)


@router.get("/v1/cities/{city}/requests/{number}", **answered(RequestFile, 404, 503))
async def one_request(request: Asked, held: InCity, number: Number) -> Response:
    """One request with its statuses; in a city with inspections also its parcel, violations and match levels."""
    known = await lake_of(request, held)
    version = version_of(held, known)
    if version.is_held_by(request):
        return unchanged(request, version)
    row = await read(request, lambda: tickets.one(known, number))
    if row is None:
        raise HTTPException(404, f"{held.city.title} has no request of that number as of {as_of(known)}.")
    found = RequestFile(
        city=held.city.name,
        as_of=as_of(known),
        request=_request(row),
        history=msgspec.convert(row["history"], list[Turn]),
        inspection=await _inspection(held, number),
    )
    return send(request, found, version)


async def _inspection(held: Held, number: str) -> explain.Told | None:
    if held.city.inspections is None:
        return None
    return await held.shelf.look(lambda snapshot: explain.request(snapshot, number))


def _request(row: Row) -> Request:
    given: dict[str, Any] = {**row, "type": row["service_name"]}
    return Request(**{name: given[name] for name in Request.__struct_fields__})


def _place(after: str | None) -> Place | None:
    if after is None:
        return None
    at, _, number = after.partition("~")
    return Place(requested_at=START + timedelta(microseconds=int(at)), number=number)


def _after(last: Request) -> str:
    micros = (datetime.fromisoformat(last.requested_at) - START) // timedelta(microseconds=1)
    return f"{micros}~{last.service_request_id}"


def _table(page: Requests) -> Table:
    header = (*Request.__struct_fields__, "as_of")
    return header, ([*msgspec.structs.astuple(item), page.as_of] for item in page.items)
