"""What a process serves: its cities, each with the shelf of its store, and the folder of reports."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from li_perf.cities.city import City
from li_perf.faces.api.spans import Spans
from li_perf.store.reading import Shelf

LAKES = 2  # read at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A city and its store."""

    city: City
    shelf: Shelf

    @property
    def exists(self) -> bool:
        return self.shelf.path.is_file()

    @property
    def has(self) -> list[str]:
        """What of all that a city may have it has."""
        city = self.city
        things = {"areas": city.area_title, "targets": city.targets, "inspections": city.inspections}
        return [name for name, thing in things.items() if thing is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The cities by name. Where `all_must_be` there, a city without a store keeps the service from being ready."""

    cities: Mapping[str, Held]
    output: Path
    all_must_be: bool = False
    origins: Sequence[str] = ()
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LAKES))
    at_work: set[object] = field(default_factory=set)  # a token for each lake that is being read
    examining: asyncio.Lock = field(default_factory=asyncio.Lock)
    spans: Spans = field(default_factory=Spans)
