"""What may be asked: the parameters of the routes, with their limits."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Depends, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BeforeValidator

from li_perf.analysis.dictionary import BY_NAME
from li_perf.faces.api.serving import Held, Served

LONGEST = 200  # characters of a name
MOST, USUAL = 1_000, 100  # items a page
LAST = 1_000_000_000  # items that may be left out
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

By = Literal["city", "area", "type", "area,type"]
PeriodName = Literal["all", "year", "quarter", "month", "week"]
Format = Annotated[Literal["json", "csv"] | None, Query(description="In the place of the header Accept.")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Items a page.")]
Offset = Annotated[int, Query(ge=0, le=LAST, description="Items to leave out.")]


def _written_as_day(value: Any) -> Any:
    if isinstance(value, str) and not DAY.fullmatch(value):
        raise ValueError("a day is written as 2025-01-31")
    return value


def _known(name: str) -> str:
    if name not in BY_NAME:
        raise ValueError("there is no such measure")
    return name


Name = Annotated[str, AfterValidator(_known)]
Names = Annotated[
    list[Name],
    Query(
        alias="name",
        max_length=len(BY_NAME),
        description="Measures, each in a parameter of its own; all where none is named.",
        json_schema_extra={"items": {"type": "string", "enum": list(BY_NAME)}},
    ),
]
Area = Annotated[str | None, Query(max_length=LONGEST, description="One area; empty for requests that name none.")]
Type = Annotated[str | None, Query(max_length=LONGEST, description="One type; empty for requests that name none.")]
Day = Annotated[date, BeforeValidator(_written_as_day)]
Since = Annotated[Day | None, Query(description="First local day.")]
Until = Annotated[Day | None, Query(description="First local day that is not meant any more.")]


def served(request: Request) -> Served:
    """What this process serves."""
    found: Served = request.app.state.served
    return found


def _held(request: Request, city: Annotated[str, Path(description="The city's name.")]) -> Held:
    cities = served(request).cities
    if city not in cities:
        raise HTTPException(404, f"There is no such city here. There are: {', '.join(cities)}.")
    return cities[city]


InCity = Annotated[Held, Depends(_held)]


def only_known(request: Request) -> None:
    """Refuse parameters that the route does not have, and those that are given twice and count once."""
    fields = request.scope["route"].dependant.query_params
    many = {field.alias: field.field_info.annotation for field in fields}
    given = [name for name, _ in request.query_params.multi_items()]
    errors = [_error(name, "there is no such parameter") for name in dict.fromkeys(given) if name not in many]
    twice = [name for name in many if name != "name" and given.count(name) > 1]
    errors += [_error(name, "it may be given once only") for name in twice]
    if errors:
        raise RequestValidationError(errors)


def _error(name: str, message: str) -> dict[str, Any]:
    return {"loc": ("query", name), "msg": message, "type": "unknown"}
