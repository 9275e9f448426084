"""quality: how good the rows are that a city publishes, and whether none was lost on their way. It only reads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import msgspec

from li_perf.analysis import quality as figures
from li_perf.analysis.stats import share
from li_perf.cities.city import City
from li_perf.store import lake, received
from li_perf.store.lake import Counts, State
from li_perf.store.lake_shape import TICKET
from li_perf.store.query import Tables
from li_perf.store.reading import Reads


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """`count` of `n` requests; `share` is 0..1, null where n is 0."""

    name: str
    count: int
    n: int
    share: float | None
    definition: str


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """From pages to tickets: `received` rows are what the lake has read of `in_pages`, and what became of them.

    `waiting` rows came since the last clean.
    """

    in_pages: int
    waiting: int
    became: Counts
    tickets: int
    adds_up: bool


class Repeated(msgspec.Struct, frozen=True, kw_only=True):
    """`rows` received of requests that were there already; `requests` had several in one clean, `most` at most."""

    rows: int
    requests: int
    most: int


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """Times in UTC; null where there is none."""

    oldest_opening: str | None
    newest_opening: str | None
    newest_update: str | None


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be said of the rows of one city."""

    city: str
    tickets: int
    figures: list[Figure]
    nulls: list[Figure]
    unnamed_types: dict[str, int]
    rejects: dict[str, int]
    repeated: Repeated
    sums: Sums
    freshness: Freshness


async def quality(ledger: Reads, city: City, *, spill: Path | None = None) -> Quality:
    """What does not fit into memory goes to `spill`. Raises StoreError where nothing was cleaned yet."""
    folder = lake.folder_of(ledger.path)
    now = lake.look(folder)
    with lake.reading(folder, spill=spill or folder.with_suffix(f".quality-{os.getpid()}"), at=now) as tables:
        state = now.state
        assert state
        _prepare(tables, city)
        ((count, oldest, newest, updated),) = tables.rows(figures.SPAN)
        return Quality(
            city=city.name,
            tickets=count,
            figures=_counted(tables, _figures(city)),
            nulls=_counted(tables, figures.nulls(TICKET)),
            unnamed_types=dict(tables.rows(figures.UNNAMED_TYPES)) if city.named_types else {},
            rejects=dict(tables.rows(figures.REJECTS)),
            repeated=Repeated(
                rows=state.total.received - state.total.rejected - state.total.new,
                requests=state.repeated,
                most=state.most_repeated,
            ),
            sums=await sums_of(ledger, city, state, count),
            freshness=Freshness(
                oldest_opening=_text(oldest),
                newest_opening=_text(newest),
                newest_update=state.newest_update or _text(updated),
            ),
        )


def _figures(city: City) -> list[figures.Figure]:
    unnamed = [figures.UNNAMED] if city.named_types else []
    far = [figures.far(city.box[0].lon, city.box[0].lat, city.box[1].lon, city.box[1].lat)] if city.box else []
    return [*figures.FIGURES, *unnamed, *far]


def _prepare(tables: Tables, city: City) -> None:
    ((first, last),) = tables.rows(figures.DAYS)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)] if first else []
    tables.load("midnight", figures.SCHEMAS["midnight"], [(day, _midnight(day, city)) for day in days])
    tables.load("named", figures.SCHEMAS["named"], [(name,) for name in sorted(city.named_types)])


def _midnight(day: date, city: City) -> datetime:
    return datetime.combine(day, time(0, tzinfo=city.zone)).astimezone(UTC)


def _counted(tables: Tables, asked: Sequence[figures.Figure]) -> list[Figure]:
    (row,) = tables.rows(figures.statement(asked))
    return [
        Figure(name=each.name, count=count, n=n, share=share(count, n), definition=each.definition)
        for each, count, n in zip(asked, row[::2], row[1::2], strict=True)
    ]


async def sums_of(ledger: Reads, city: City, state: State, tickets: int) -> Sums:
    """From the pages of the ledger to so many tickets in the lake, whose last commit says `state`."""
    in_pages = await received.rows_read(ledger, city.requests.table, None)
    read = await received.rows_read(ledger, city.requests.table, state.cursor)
    became = state.total
    parts = became.new + became.changed + became.unchanged + became.earlier + became.rejected
    return Sums(
        in_pages=in_pages,
        waiting=in_pages - read,
        became=became,
        tickets=tickets,
        adds_up=read == became.received == parts and became.new == tickets,
    )


def _text(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
