"""The store is read as of one moment, also while it is written or replaced, and nothing is left beside it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faces.api.conftest import TYPES, figure, make, serving
from support.stores import open_folder, powerless

from li_perf.errors import StoreError
from li_perf.store import measures
from li_perf.store.measures import Figure
from li_perf.store.opening import open_ledger
from li_perf.store.reading import Shelf, Snapshot

METRICS = "/v1/cities/philadelphia/metrics?by=type&limit=1000"
GROUPS = 200


def generation(number: int) -> Iterator[Figure]:
    """Measures that all have the same value, and whose count says which they are too."""
    for group in range(GROUPS + number):
        yield Figure(name="volume", period="all", starts_on=None, area=None, type=f"{group:04}", value=number, n=number)


async def replace(data: Path, numbers: range) -> None:
    async with open_ledger(data / "philadelphia.db") as ledger:
        for number in numbers:
            as_of = f"2026-01-01T00:00:{number:02}Z"
            await measures.replace(ledger, as_of=as_of, requests=number, figures=generation(number), days=[])


def is_whole(page: Any) -> bool:
    number = int(page["as_of"][-3:-1])
    values = {(item["value"], item["n"], item["as_of"]) for item in page["items"]}
    return values == {(number, number, page["as_of"])} and len(page["items"]) == page["total"] == GROUPS + number


async def test_every_answer_is_wholly_old_or_wholly_new_while_measures_are_replaced(data: Path) -> None:
    await replace(data, range(1, 2))
    async with serving(data) as api:
        writing = asyncio.create_task(replace(data, range(2, 60)))
        pages = []
        while not writing.done():
            pages += [reply.json for reply in await asyncio.gather(*(api(METRICS) for _ in range(3)))]
        await writing
        pages.append((await api(METRICS)).json)
    assert all(map(is_whole, pages))
    assert len({page["as_of"] for page in pages}) > 3
    assert pages[-1]["as_of"].endswith("59Z")


async def test_another_file_in_its_place_is_opened(data: Path, tmp_path: Path) -> None:
    async with serving(data) as api:
        assert (await api(METRICS)).json["total"] == 3 * len(TYPES)
        await make(tmp_path / "new.db", [figure("volume", "all", None, None, "Noise")])
        os.replace(tmp_path / "new.db", data / "philadelphia.db")
        assert (await api(METRICS)).json["total"] == 1
        (data / "philadelphia.db").unlink()
        assert (await api(METRICS)).status == 503


async def test_looking_makes_no_file_and_keeps_no_writer_from_clearing_up(data: Path) -> None:
    def files() -> set[str]:
        return {path.name for path in data.iterdir()} - {"philadelphia.lock"}

    async with serving(data) as api:
        await api(METRICS)
        assert files() == {"philadelphia.db"}
        await replace(data, range(1, 2))
        await api(METRICS)
        assert files() == {"philadelphia.db"}


async def test_who_may_not_write_can_serve_also_while_another_writes(measured: Path) -> None:
    with open_folder() as folder:
        shutil.copyfile(measured, folder / "philadelphia.db")
        (folder / "philadelphia.db").chmod(0o644)
        folder.chmod(0o555)
        async with serving(folder) as api:
            with powerless():
                assert (await api(METRICS)).status == 200
            async with open_ledger(folder / "philadelphia.db") as ledger:
                await measures.replace(ledger, as_of="x", requests=1, figures=generation(1), days=[])
                with powerless():
                    assert (await api(METRICS)).json["total"] == GROUPS + 1


async def test_a_look_at_a_file_at_rest_is_taken_again_when_somebody_begins_to_write(data: Path) -> None:
    shelf, looks = Shelf(data / "philadelphia.db"), []

    async def look(snapshot: Snapshot) -> int:
        found = await measures.measured(snapshot)
        assert found
        looks.append(found.requests)
        if len(looks) == 1:
            await replace(data, range(7, 8))
        return found.requests

    assert await shelf.look(look) == 7
    assert looks == [144, 7]
    await shelf.close()


async def test_a_file_that_changes_without_end_is_given_up(data: Path) -> None:
    shelf, path = Shelf(data / "philadelphia.db"), data / "philadelphia.db"

    async def look(_: Snapshot) -> None:
        os.utime(path, ns=(0, os.stat(path).st_mtime_ns + 1))

    with pytest.raises(StoreError, match="changes faster"):
        await shelf.look(look)
    await shelf.close()


async def test_a_look_that_is_given_up_leaves_its_connection_to_nobody_too_early(data: Path) -> None:
    shelf = Shelf(data / "philadelphia.db")
    looks = [asyncio.create_task(shelf.look(measures.measured)) for _ in range(20)]
    for number, look in enumerate(looks):
        await asyncio.sleep(0)
        if number % 2:
            look.cancel()
    found = await asyncio.gather(*looks, return_exceptions=True)
    assert sum(isinstance(one, asyncio.CancelledError) for one in found) == 10
    assert (await shelf.look(measures.measured)) is not None
    await shelf.close()
