"""From Gainesville's portal to its measures: five thousand real requests, beside the same computed from the file."""

from __future__ import annotations

import asyncio
import csv
import os
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.runs import Brisk

from li_perf.cities.gainesville import ALIASES, GAINESVILLE
from li_perf.model import Period
from li_perf.session import Order, Which, at_work
from li_perf.settings import load
from li_perf.simulator.portals import rows as kept
from li_perf.simulator.portals import socrata as soda
from li_perf.simulator.portals.rows import Kind
from li_perf.simulator.portals.stand_in import serve
from li_perf.steps.follow import follow
from li_perf.store import measures
from li_perf.store.measures import Figure
from li_perf.store.opening import open_ledger

FILE = Path(__file__).parents[2] / os.environ.get("LI_PERF_REAL_DATA", "../shared/data")
FILE = FILE / "gainesville" / "311_clean_scrubbed.csv"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"no real rows in {FILE}")
PERIOD = Period(since=date(2014, 1, 1), until=date(2024, 1, 1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gainesville")


@pytest.fixture(scope="module")
def followed(folder: Path) -> Path:
    """The store behind a whole run against a portal with these rows."""
    return asyncio.run(_followed(folder))


async def _followed(folder: Path) -> Path:
    with FILE.open(newline="") as file:
        rows = [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]
    names = [name for name in rows[0] if not name.startswith(":") and name != "location"]
    kinds = {name: Kind.FLOATING if name == "created" else Kind.TEXT for name in names}
    data = kept.given([{name: row[name] for name in names} for row in rows], kinds, key="id", more=soda.SYSTEM)
    async with serve(soda.Socrata(rows=data, table="78uv-94ar")) as portal:
        settings = load(data=folder, portal_url=portal.url, portal_rate=0.0)
        order = Order(city=GAINESVILLE, settings=settings, which=Which.NEW_OR_UNFINISHED, period=PERIOD)
        await at_work(order, follow, Brisk())
    return order.path


async def figures(path: Path, level: str, *names: str) -> dict[tuple[str | None, str], Figure]:
    async with open_ledger(path, read_only=True) as ledger:
        found = await measures.figures(ledger, measures.selection(period="all", level=level, names=names))
    return {(figure.type if level == "type" else figure.area, figure.name): figure for figure in found}


@pytest.fixture(scope="module")
def independent() -> Any:
    """The file in DuckDB, read without any of the product's code: times as they stand, without a zone."""
    database = duckdb.connect()
    formats = ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M")
    parsed = ", ".join(f"try_strptime(closed, '{form}')" for form in formats)
    database.execute(
        f"create table request as select *, coalesce({parsed}) as ended, cast(created as timestamp) as began "
        "from read_csv(?, all_varchar = true)",
        [str(FILE)],
    )
    database.execute("create table alias (old varchar, today varchar)")
    database.executemany("insert into alias values (?, ?)", list(ALIASES.items()))
    return database


async def test_the_city_as_a_whole(followed: Path) -> None:
    found = {name: figure for (_, name), figure in (await figures(followed, "city")).items()}
    assert found["volume"].value == 5_000
    assert found["backlog"].value == 74, "5,000 less the 4,926 with a closing time, in either of two formats"
    assert found["median_ttr"].excluded == {
        "still open": 55,
        "closed, and nobody knows when": 19,
        "closed before it was opened": 2,
    }
    assert found["median_ttr"].n == 4_924


async def test_the_share_reopened_is_that_of_the_file(followed: Path, independent: Any) -> None:
    ((reopened,),) = independent.execute("select count(*) from request where reopened is not null").fetchall()
    found = (await figures(followed, "city", "reopen_pct"))[None, "reopen_pct"]
    assert (reopened, found.n, found.excluded) == (94, 5_000 - 55, {"never closed": 55})
    assert found.value == pytest.approx(100 * reopened / found.n)


async def test_backlog_and_ninetieth_percentile_by_type_are_those_of_the_file(followed: Path, independent: Any) -> None:
    found = await figures(followed, "type", "volume", "backlog", "p90_ttr_hours")
    expected = independent.execute(
        "select coalesce(today, request_type) as kind, count(*), count(*) - count(ended), "
        "quantile_cont(epoch(ended - began) / 3600, 0.9) filter (where ended >= began) "
        "from request left join alias on old = request_type group by kind"
    ).fetchall()
    assert {kind for kind, _ in found} == {kind for kind, *_ in expected}
    for kind, volume, backlog, hours in expected:
        assert found[kind, "volume"].value == volume, kind
        assert found[kind, "backlog"].value == backlog, kind
        if hours is None:
            assert found[kind, "p90_ttr_hours"].value is None
        else:  # an hour more or less, where one of the two times lies in summer time
            assert found[kind, "p90_ttr_hours"].value == pytest.approx(hours, abs=1.0), kind


async def test_three_figures_that_were_published_are_reproduced(followed: Path) -> None:
    found = await figures(followed, "type", "p90_ttr_hours", "backlog")
    for kind, hours in (("Tree Planting Suggestion", 23_994.83), ("Blocked Exits", 6_556.53)):
        assert found[kind, "p90_ttr_hours"].value == pytest.approx(hours, abs=1.0)
    assert found["General Code Issue", "backlog"].value == 11


async def test_on_time_shares_are_those_of_the_file(followed: Path, independent: Any) -> None:
    found = (await figures(followed, "city", "on_time_pct"))[None, "on_time_pct"]
    closed, late = independent.execute(
        "select count(*), count(*) filter (where epoch(ended - began) > 72 * 3600) from request where ended >= began"
    ).fetchall()[0]
    still_open = 55
    assert found.n == closed + still_open
    assert found.value == pytest.approx(100 * (closed - late) / (closed + still_open), abs=0.1)
