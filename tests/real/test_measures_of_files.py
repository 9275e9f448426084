"""Real requests of Vancouver, New York and Nashville through silver to their measures, beside a second way to them.

The second way is plain Python over the files as they stand; to both they came a day after the last opening.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import fmean, median
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from real.test_nashville_rows import _as_layer
from real.test_vancouver_rows import _as_sent, downloaded  # noqa: F401 - a fixture
from support import town
from support.stores import sql

from li_perf.cities import CITIES
from li_perf.steps.measure import measure
from li_perf.store import lake, measures
from li_perf.store.measures import Figure

DATA = Path(__file__).parents[2] / os.environ.get("LI_PERF_REAL_DATA", "../shared/data")
NASHVILLE = DATA / "nashville" / "hubnashville_covid_requests_2020_scrubbed.csv"
NEW_YORK = DATA / "nyc"
pytestmark = pytest.mark.skipif(not NASHVILLE.exists(), reason=f"no real rows in {DATA}")
CLOSED = {"close", "closed", "closed - testing", "cancel"}
EVERY = 7  # of the elevators' requests


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request by the second way; `ended` is a day where no more is known."""

    area: str
    kind: str
    began: datetime
    on: date
    is_open: bool
    ended: datetime | date | None
    due: datetime | None = None

    @property
    def days(self) -> float | None:
        """From opening to closing, None where that says nothing."""
        if self.is_open or self.ended is None:
            return None
        if isinstance(self.ended, datetime):
            days = (self.ended - self.began).total_seconds() / 86_400
        else:
            days = float((self.ended - self.on).days)
        return days if days >= 0 else None


def vancouver(row: dict[str, Any]) -> Case:
    began = datetime.fromisoformat(row["Service request open timestamp"])
    closed = row.get("Service request close date")
    return Case(
        area=row.get("Local area") or "",
        kind=row["Service request type"],
        began=began,
        on=began.astimezone(ZoneInfo("America/Vancouver")).date(),
        is_open=row["Status"].lower() not in CLOSED,
        ended=date.fromisoformat(closed) if closed else None,
    )


def nashville(row: dict[str, str]) -> Case:
    began = datetime.fromisoformat(row["date_opened"]).replace(tzinfo=UTC)
    closed = row["date_closed"]
    return Case(
        area=str(int(float(row["Council District"]))) if row["Council District"] else "",
        kind=row["Request Type"],
        began=began,
        on=began.astimezone(ZoneInfo("America/Chicago")).date(),
        is_open=row["Status"].lower() not in CLOSED,
        ended=datetime.fromisoformat(closed).replace(tzinfo=UTC) if closed else None,
    )


def new_york(row: dict[str, Any]) -> Case:
    plain = {name.lower().replace(" ", "_"): value for name, value in row.items()}
    began, closed, due = (_local(plain.get(name)) for name in ("created_date", "closed_date", "due_date"))
    assert began
    status = plain["status"].lower()
    is_day = closed is not None and (closed.hour, closed.minute, closed.second) == (0, 0, 0)
    return Case(
        area="" if plain.get("borough") in (None, "", "Unspecified") else plain["borough"],
        kind=plain["complaint_type"],
        began=began.astimezone(UTC),
        on=began.date(),
        is_open=closed is None if status == "unspecified" else status not in CLOSED,
        ended=closed.date() if closed and is_day else closed and closed.astimezone(UTC),
        due=due and due.astimezone(UTC),
    )


def _local(text: str | None) -> datetime | None:
    if not text:
        return None
    zone = ZoneInfo("America/New_York")
    if "/" in text:
        return datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=zone)
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    return ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


def kaplan_meier(ends: Iterable[float], stays: Iterable[float]) -> float | None:
    """The product-limit median, a time at a time."""
    closed, left = Counter(ends), Counter(stays)
    at_risk, share = closed.total() + left.total(), 1.0
    for time in sorted(closed | left):
        share *= 1 - closed[time] / at_risk
        at_risk -= closed[time] + left[time]
        if share <= 0.5 + 1e-9:
            return time
    return None


def expected(cases: Sequence[Case], as_of: datetime, zone: ZoneInfo, *, is_by_day: bool) -> dict[str, float | None]:
    """The measures of a group."""
    today = as_of.astimezone(zone).date()
    days = [case.days for case in cases if case.days is not None]
    placed = [case.days for case in cases if case.days is not None and case.area]
    ages = [(today - case.on).days for case in cases if case.is_open]
    stays = [
        float((today - case.on).days) if is_by_day else int((as_of - case.began).total_seconds()) / 86_400
        for case in cases
        if case.is_open
    ]
    met = [is_met for case in cases if (is_met := _met(case, as_of)) is not None]
    bands = {"0_7": (0, 7), "8_30": (8, 30), "31_90": (31, 90), "91": (91, 10**6)}
    return {
        "volume": len(cases),
        "volume_unplaced": sum(not case.area for case in cases),
        "open_requests": len(ages),
        "closed_requests": len(cases) - len(ages),
        "mean_ttr": fmean(days) if days else None,
        "avg_ttr": fmean(placed) if placed else None,
        "median_ttr": median(days) if days else None,
        "p90_ttr": quantile(days, 0.9) if days else None,
        "km_median_ttr": kaplan_meier(days, stays),
        "on_time_pct": 100 * sum(met) / len(met) if met else None,
        "city_score": min(1.25, sum(met) / len(met) / 0.8) if met else None,
        "reopen_pct": None,
        **{f"backlog_age_{name}": sum(low <= age <= high for age in ages) for name, (low, high) in bands.items()},
    }


def _met(case: Case, as_of: datetime) -> bool | None:
    """Whether it was closed by its due date, None where that is not known."""
    if case.due is None:
        return None
    target = (case.due - case.began).total_seconds() / 86_400
    if case.days is not None:
        return case.days <= (target if isinstance(case.ended, datetime) else -(-target // 1))
    return False if case.is_open and (as_of - case.began).total_seconds() / 86_400 > target else None


async def _measured(path: Path, name: str, pages: Sequence[Sequence[Any]], as_of: datetime) -> tuple[list[Figure], int]:
    """The rows as downloaded pages, their measures, and how many requests silver has."""
    city = CITIES[name]
    city = replace(city, requests=replace(city.requests, portal=town.Lists()))
    await town.receive(path, *pages)
    sql(path, f"update run set extracted_at = '{as_of:%Y-%m-%dT%H:%M:%SZ}'")
    async with town.job(path, city=city) as job:
        await measure(job)
        found = []
        for level in ("city", "area", "type", "area_type"):
            found += await measures.figures(job.ledger, measures.selection(period="all", level=level))
        found += await measures.figures(job.ledger, measures.selection(period="week", level="city", names=["volume"]))
    kept = lake.look(lake.folder_of(path)).tickets
    assert kept
    return found, kept.rows


def check(path: Path, name: str, pages: Sequence[Sequence[Any]], cases: Sequence[Case]) -> dict[str, Figure]:
    """Every measure of every group beside the second way's; those of the whole city."""
    as_of = max(case.began for case in cases).astimezone(UTC).replace(microsecond=0) + timedelta(days=1)
    found, kept = asyncio.run(_measured(path, name, pages, as_of))
    assert kept == len(cases), "a number of its own for each"
    groups: dict[tuple[str | None, str | None], list[Case]] = defaultdict(list)
    for case in cases:
        for key in ((None, None), (case.area, None), (None, case.kind), (case.area, case.kind)):
            groups[key].append(case)
    city = CITIES[name]
    shown = {(one.area, one.type, one.name): one for one in found if one.period == "all"}
    assert {(area, kind) for area, kind, _ in shown} == groups.keys()
    for key, of_group in groups.items():
        for measure_name, value in expected(of_group, as_of, city.zone, is_by_day=city.is_closed_by_day).items():
            told = shown[(*key, measure_name)]
            wanted = None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)
            assert told.value == wanted, f"{measure_name} of {key}"
    weeks = Counter(case.on - timedelta(days=case.on.weekday()) for case in cases)
    assert {one.starts_on: one.value for one in found if one.period == "week"} == weeks
    return {one.name: one for one in found if (one.area, one.type, one.period) == (None, None, "all")}


def test_vancouvers_measures_are_those_of_the_file(tmp_path: Path, downloaded: list[dict[str, Any]]) -> None:  # noqa: F811
    city = check(tmp_path / "v.db", "vancouver", [list(map(_as_sent, downloaded))], list(map(vancouver, downloaded)))
    assert (city["volume"].value, city["open_requests"].value, city["volume_unplaced"].value) == (7_062, 228, 1_227)
    assert city["on_time_pct"].excluded == {"no target": 7_062}
    assert city["reopen_pct"].excluded == {"the city does not tell": 7_062}


def test_nashvilles_measures_are_those_of_the_file(tmp_path: Path) -> None:
    with NASHVILLE.open(newline="") as file:
        rows = list(csv.DictReader(file))[::3]
    city = check(tmp_path / "n.db", "nashville", [list(map(_as_layer, rows))], list(map(nashville, rows)))
    assert city["volume"].value == 3_870


def _downloaded(name: str) -> list[dict[str, Any]]:
    with (NEW_YORK / name).open(newline="") as file:
        return list(csv.DictReader(file))


def _elevators() -> list[dict[str, Any]]:
    columns = ("unique_key", "created_date", "closed_date", "agency", "complaint_type", "status", "borough", "due_date")
    query = f"select {', '.join(columns)} from read_parquet(?) where unique_key % {EVERY} = 0"
    with duckdb.connect() as connection:
        found = connection.execute(query, [str(NEW_YORK / "elevator_requests_2024_full.parquet")]).fetchall()
    sent: Callable[[Any], Any] = lambda value: value.isoformat() if isinstance(value, datetime) else value  # noqa: E731
    return [dict(zip(columns, map(sent, values), strict=True)) for values in found]


def test_new_yorks_measures_are_those_of_four_files(tmp_path: Path) -> None:
    pages = [
        _downloaded("portal_csv_rodent_2018-01_old53col.csv"),
        _downloaded("portal_csv_235_2025-03.csv"),
        json.loads((NEW_YORK / "soda_erm2-nwe9_records_1000_2026-08.json").read_text()),
        _elevators(),
    ]
    city = check(tmp_path / "y.db", "new-york", pages, [new_york(row) for page in pages for row in page])
    assert city["on_time_pct"].n > 50, "those that have a due date"
