"""recall: what the lake knows of one request, and how its status changed; what explain is to a city without parcels."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from li_perf.cities.city import City
from li_perf.errors import StoreError, UserError
from li_perf.store import lake, runs, tickets
from li_perf.store.reading import Reads


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A status that a request had, since when as the page says that brought it; times are ISO text in UTC."""

    status: str
    closed_on: str | None
    closed_at: str | None
    updated_at: str | None
    seen_at: str


class Recalled(msgspec.Struct, frozen=True, kw_only=True):
    """A request's columns by name, null where unknown, and its statuses, oldest first. Its area is an `area_title`.

    What people wrote into it freely is left out: it may name people.
    """

    city: str
    request: dict[str, Any]
    area_title: str | None
    history: list[Turn]


async def recall(ledger: Reads, number: str, city: City) -> Recalled:
    """Raises UserError for a number that the lake does not know, StoreError where there is none."""
    if await runs.latest(ledger) is None:
        raise StoreError(f"Nothing was run on {ledger.path} yet. Begin with `li-perf run {city.name}`.")
    refuse_unwritable(number)
    known = (await asyncio.to_thread(lake.look, lake.folder_of(ledger.path))).filled()
    found = await asyncio.to_thread(tickets.one, known, number.strip())
    if not found:
        raise UserError(
            f"The tickets of {city.title} know no request {number!r}. "
            f"Is it of another period, or newer than the last `li-perf run {city.name}`?"
        )
    request = dict(found)
    history = request.pop("history")
    return Recalled(
        city=city.name, request=request, area_title=city.area_title, history=msgspec.convert(history, list[Turn])
    )


async def histories(store: Path, numbers: Sequence[str]) -> dict[str, list[Turn]]:
    """The statuses of these requests by number; of those that the lake beside the store does not know, nothing."""
    known = await asyncio.to_thread(lake.look, lake.folder_of(store))
    if not numbers or not known.has_tickets:
        return {}
    found = await asyncio.to_thread(tickets.several, known, numbers)
    return {number: msgspec.convert(row["history"], list[Turn]) for number, row in found.items()}


def refuse_unwritable(text: str) -> None:
    """Raises UserError for text that no store can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UserError(f"{text!r} is not UTF-8, as every address and number in a store is. Type it anew.") from None
