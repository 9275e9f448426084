"""Whole downloads from each kind of portal: complete, each row once, whatever goes wrong on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.portals import PLACES, Place, at_portal, city_of, download, expected, names_of, received
from support.runs import Brisk

from li_perf.engine.halt import Stopped
from li_perf.errors import Denied, Drifted, Shrunk, Unanswered
from li_perf.simulator.faults import Faults
from li_perf.simulator.portals.socrata import Socrata
from li_perf.simulator.portals.stand_in import StandIn, serve
from li_perf.sources import socrata
from li_perf.steps.job import Job
from li_perf.steps.paging import fetch_all
from li_perf.steps.refresh import refresh
from li_perf.store import pages

COUNT = 500
KINDS = sorted(PLACES)
WITH_COLUMNS = ["arcgis", "opendatasoft", "socrata"]  # portals that name their columns, and count


class Impatient(Brisk):
    """Stops the run once something is so."""

    def __init__(self, is_enough: Callable[[], bool]) -> None:
        super().__init__()
        self._is_enough = is_enough

    def check(self) -> None:
        if self._is_enough():
            raise Stopped
        super().check()


async def fetched(
    place: Place, folder: Path, faults: str = "", *, count: int = COUNT, **how: Any
) -> tuple[Any, StandIn]:
    """The rows of one download, and the stand-in that gave them."""
    async with serve(place.speaker(count), faults=Faults.parse(faults)) as stand_in:
        return await at_portal(stand_in.url, folder, city_of(place, **how), download), stand_in


@pytest.mark.parametrize("kind", KINDS)
async def test_errors_resets_and_garbage_lose_nothing(kind: str, tmp_path: Path) -> None:
    place = PLACES[kind]
    rows, stand_in = await fetched(place, tmp_path, "errors=0.2,resets=0.15,garbage=0.15,seed=2")
    assert names_of(place, rows) == expected(COUNT)
    assert stand_in.asked.total() > len(set(stand_in.log)) + 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stopped_download_goes_on_where_it_stopped_and_each_row_comes_once(kind: str, tmp_path: Path) -> None:
    place = PLACES[kind]
    async with serve(place.speaker(COUNT)) as stand_in:
        halt = Impatient(lambda: stand_in.asked["page"] >= 2)
        with pytest.raises(Stopped):
            await at_portal(stand_in.url, tmp_path, city_of(place), download, halt=halt)
        rows = await at_portal(stand_in.url, tmp_path, city_of(place), download)
        assert names_of(place, rows) == expected(COUNT)
        assert set(stand_in.statuses) == {200}
        assert stand_in.asked["page"] == len({path for path in stand_in.log if "order" in path or "_date=" in path})


@pytest.mark.parametrize("kind", WITH_COLUMNS)
async def test_a_column_that_goes_in_the_middle_is_done_without(kind: str, tmp_path: Path) -> None:
    place = PLACES[kind]
    gone = place.columns[1]
    faults = f"drop={gone},drift_after_pages=2"
    rows, _ = await fetched(place, tmp_path, faults, required=1)
    assert names_of(place, rows) == expected(COUNT)
    assert not any(gone in row for row in rows)


async def test_a_column_that_must_be_there_ends_the_run_when_it_goes(tmp_path: Path) -> None:
    place = PLACES["arcgis"]
    with pytest.raises(Drifted, match=place.columns[1]):
        await fetched(place, tmp_path, f"drop={place.columns[1]},drift_after_pages=2")


@pytest.mark.parametrize("kind", WITH_COLUMNS)
async def test_what_is_too_heavy_is_asked_for_by_halves(kind: str, tmp_path: Path) -> None:
    place = PLACES[kind]
    rows, stand_in = await fetched(place, tmp_path, "timeout_rows=70", page_size=260)
    assert names_of(place, rows) == expected(COUNT)
    assert stand_in.asked["page"] > COUNT / 70


async def test_a_full_answer_of_open311_is_asked_for_by_halves(tmp_path: Path) -> None:
    place = PLACES["open311"]
    rows, stand_in = await fetched(place, tmp_path, count=2_000)
    assert names_of(place, rows) == expected(2_000)
    assert stand_in.asked["page"] > 2_000 / 100


async def test_a_minute_with_more_than_open311_ever_sends_is_said(tmp_path: Path) -> None:
    place = PLACES["open311"]
    speaker = place.speaker(COUNT)
    speaker.rows.amend("requested_datetime = timestamp '2025-02-01 12:00:00'", "n < 300", datetime.now(UTC))
    async with serve(speaker) as stand_in:
        with pytest.raises(Unanswered, match="as many as it ever does"):
            await at_portal(stand_in.url, tmp_path, city_of(place), download)


@pytest.mark.parametrize("kind", ["opendatasoft", "socrata"])
async def test_an_answer_that_breaks_off_is_asked_for_again(kind: str, tmp_path: Path) -> None:
    place = PLACES[kind]
    rows, stand_in = await fetched(place, tmp_path, "partial=0.4,seed=2")
    assert names_of(place, rows) == expected(COUNT)
    assert stand_in.statuses[200] > len(set(stand_in.log))


async def test_too_many_requests_are_waited_for(tmp_path: Path) -> None:
    place = PLACES["opendatasoft"]
    rows, stand_in = await fetched(place, tmp_path, "carto_rate=3")
    assert names_of(place, rows) == expected(COUNT)
    assert stand_in.statuses[429]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refusal_stops_the_run_and_names_a_setting(kind: str, tmp_path: Path) -> None:
    with pytest.raises(Denied, match="LI_PERF_PORTAL_URL"):
        await fetched(PLACES[kind], tmp_path, "denied")


async def test_an_answer_in_the_making_is_waited_for(tmp_path: Path) -> None:
    place = PLACES["socrata"]
    speaker = place.speaker(COUNT)
    assert isinstance(speaker, Socrata)
    async with serve(replace(speaker, unready=1)) as stand_in:
        rows = await at_portal(stand_in.url, tmp_path, city_of(place, page_size=1_999), download)
        assert names_of(place, rows) == expected(COUNT)
        assert stand_in.statuses[202] == 3


async def test_soda_3_gives_the_same_rows_to_who_has_a_token(tmp_path: Path) -> None:
    place = PLACES["socrata"]
    assert isinstance(place.portal, socrata.Table)
    place = replace(place, portal=replace(place.portal, dialect="soda3"))
    async with serve(place.speaker(COUNT)) as stand_in:
        rows = await at_portal(stand_in.url, tmp_path, city_of(place), download, socrata_token="a-token-of-ours")
        assert names_of(place, rows) == expected(COUNT)
        with pytest.raises(Denied, match="LI_PERF_SOCRATA_TOKEN"):
            await at_portal(stand_in.url, tmp_path / "without", city_of(place), download)


@pytest.mark.parametrize("kind", WITH_COLUMNS)
async def test_later_only_what_changed_is_asked_for(kind: str, tmp_path: Path) -> None:
    place = PLACES[kind]
    city = city_of(place)

    async def refreshed(job: Job) -> Any:
        await refresh(job)
        return await received(job)

    async with serve(place.speaker(COUNT)) as stand_in:
        assert names_of(place, await at_portal(stand_in.url, tmp_path, city, refreshed)) == expected(COUNT)
        for day in (1, 2):
            assert stand_in.rows.touch(datetime(2025, 7, day, tzinfo=UTC), share=0.02) > 5
            again = await at_portal(stand_in.url, tmp_path, city, refreshed)
        assert 5 < len(names_of(place, again)) == len(again) < 60
        stand_in.rows.touch(datetime(2025, 8, 1, 12, tzinfo=UTC))
        assert names_of(place, await at_portal(stand_in.url, tmp_path, city, refreshed)) == expected(COUNT)


async def test_a_data_set_that_is_replaced_in_the_middle_is_downloaded_anew(tmp_path: Path) -> None:
    place = PLACES["socrata"]
    speaker = place.speaker(COUNT)
    once = iter([True])

    def replace_it() -> bool:
        if stand_in.asked["page"] == 3 and next(once, False):
            speaker.rows.touch(datetime(2025, 9, 1, tzinfo=UTC))
        return False

    async with serve(speaker) as stand_in:
        rows = await at_portal(stand_in.url, tmp_path, city_of(place), download, halt=Impatient(replace_it))
    assert names_of(place, rows) == expected(COUNT)
    assert not any(once)


async def test_rows_that_a_portal_counts_and_does_not_send_end_the_run(tmp_path: Path) -> None:
    """Opendatasoft's windows cannot show a row without a time; the census, had it counted all, does."""
    place = PLACES["opendatasoft"]
    speaker = place.speaker(COUNT)

    async def everything(job: Job) -> Any:
        where = job.city.requests.portal.changed("2020-01-01T00:00:00+00:00") or []
        await fetch_all(job, job.city.requests, where)

    speaker.rows.amend("opened = null", "n = 3", datetime(2025, 6, 1, tzinfo=UTC))
    async with serve(speaker, faults=Faults(carto_timeout_rows=300)) as stand_in:
        with pytest.raises(Shrunk, match="sends 501"):
            await at_portal(stand_in.url, tmp_path, city_of(place), everything)


@pytest.mark.parametrize("kind", ["socrata", "arcgis"])
async def test_a_download_of_everything_that_is_stopped_is_gone_on_with_as_one(kind: str, tmp_path: Path) -> None:
    place = PLACES[kind]

    async def rows_kept(job: Job) -> int:
        cursor = await pages.cursor(job.ledger, job.run.id, job.city.requests.table)
        return cursor.rows if cursor else 0

    async def again(job: Job) -> int:
        await refresh(job)
        return await rows_kept(job)

    async with serve(place.speaker(500)) as portal:
        assert await at_portal(portal.url, tmp_path, city_of(place), again) == 500
        asked = portal.asked["page"]
        halt = Impatient(lambda: portal.asked["page"] >= asked + 2)
        with pytest.raises(Stopped):
            await at_portal(portal.url, tmp_path, city_of(place), partial(refresh, fully=True), halt=halt)
        assert await at_portal(portal.url, tmp_path, city_of(place), again) == 500
