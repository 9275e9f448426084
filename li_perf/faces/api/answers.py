"""The shapes of the API's answers; with `records`, its OpenAPI description is made from these."""

from __future__ import annotations

import msgspec


class Invalid(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter that cannot be used: where it stands, its name, and why."""

    place: str
    name: str
    message: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error (RFC 9457): `detail` says what is wrong and what to do; `errors` names the parameters at fault."""

    title: str
    status: int
    detail: str
    errors: list[Invalid] = []


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """What a figure means, and its unit."""

    definition: str
    unit: str


class CityItem(msgspec.Struct, frozen=True, kw_only=True):
    """A city: what it has, and as of when its measures are of how many requests; null before the first measures.

    `area_title` is what the city calls an area. `is_made_up` says that the last run asked a simulated city, so that no
    figure here is of the real one. `problem` says why its store cannot be used, if so.
    """

    name: str
    title: str
    zone: str
    has: list[str]
    area_title: str | None
    as_of: str | None
    made_at: str | None
    requests: int | None
    is_made_up: bool
    problem: str | None


class Cities(msgspec.Struct, frozen=True, kw_only=True):
    """The cities that are served."""

    items: list[CityItem]


class FigureItem(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of one group in one period; `n` requests count, `excluded` says by reason which do not.

    `area` and `type` are null where the group is all of them, and empty where it is those that name none; `starts_on`
    is the period's first day, null for all time; `value` is null where nothing can be measured. `definition` is a key
    of the answer's `definitions`.
    """

    name: str
    area: str | None
    type: str | None
    period: str
    starts_on: str | None
    value: float | None
    n: int
    excluded: dict[str, int]
    definition: str
    as_of: str


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A page of figures: of data as of `as_of`, measured at `made_at`; `next` is the next page's address, if any.

    `since` and `until` are those asked for where the figures are of requests opened between them, else null.
    """

    city: str
    as_of: str
    made_at: str
    since: str | None
    until: str | None
    definitions: dict[str, Definition]
    items: list[FigureItem]
    total: int
    next: str | None


class DayItem(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of a type opened on a local day (`volume`), and on it and the six before (`value`, of `n` requests)."""

    type: str
    day: str
    volume: int
    value: int
    n: int
    definition: str
    as_of: str


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """A page of days that have a request, by type."""

    city: str
    as_of: str
    made_at: str
    definitions: dict[str, Definition]
    items: list[DayItem]
    total: int
    next: str | None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The process lives."""

    status: str


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Each city that is served, and as of when its measures are."""

    status: str
    cities: dict[str, str]
