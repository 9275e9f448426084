"""The measures of requests, each against the same thing computed by hand or by a second way."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from statistics import fmean, median
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from li_perf.analysis.dictionary import BY_NAME, MEASURES
from li_perf.analysis.matching import Statement
from li_perf.analysis.measured import SCHEMAS
from li_perf.analysis.metrics import PERIODS, STATEMENTS, of_span
from li_perf.store.query import Tables

AS_OF = datetime(2025, 7, 1, 12, tzinfo=UTC)
Row = dict[str, Any]


def request(**values: Any) -> Row:
    """A request of 2025-03-10 in the North, closed after two days, changed as wished."""
    row = {
        "service_request_id": "1",
        "is_open": False,
        "service_name": "Graffiti",
        "area": "North",
        "requested_at": datetime(2025, 3, 10, 15, tzinfo=UTC),
        "requested_on": date(2025, 3, 10),
        "updated_at": datetime(2025, 3, 13, 15, tzinfo=UTC),
        "closed_at": datetime(2025, 3, 12, 15, tzinfo=UTC),
        "closed_on": date(2025, 3, 12),
        "due_at": None,
        "is_first_call": False,
        "reopened_at": None,
    }
    assert values.keys() <= row.keys()
    return row | values


def still_open(**values: Any) -> Row:
    return request(is_open=True, closed_at=None, closed_on=None) | values


def by_day(days: int, **values: Any) -> Row:
    return request(closed_at=None, closed_on=date(2025, 3, 10) + timedelta(days=days)) | values


@pytest.fixture
def measured(tmp_path: Path) -> Iterator[Any]:
    """A function from requests, targets by type and the city's target to the rows of `measure` and `rolling`."""

    def measure(
        rows: Sequence[Row],
        *,
        targets: dict[str, float] | None = None,
        target: float | None = None,
        is_by_day: bool = False,
        tells_reopenings: bool = False,
        statements: Sequence[Statement] = STATEMENTS,
    ) -> tuple[list[Row], list[tuple[Any, ...]]]:
        with Tables(spill=tmp_path / "spill", threads=1) as tables:
            tables.load("ticket", SCHEMAS["ticket"], [tuple(row[name] for name in SCHEMAS["ticket"]) for row in rows])
            tables.load("target", SCHEMAS["target"], (targets or {}).items())
            tables.load("setting", SCHEMAS["setting"], [(AS_OF, AS_OF.date(), target, is_by_day, tells_reopenings)])
            for statement in statements:
                tables.make(statement.name, statement.select)
            names = [name for name, *_ in tables.rows("describe measure")]
            found = [dict(zip(names, row, strict=True)) for row in tables.rows("select * from measure")]
            rolling = "select * from rolling order by type, requested_on"
            return found, tables.rows(rolling) if statements is STATEMENTS else []

    return measure


def group(rows: Sequence[Row], period: str = "all", **key: Any) -> Row:
    wanted = {"area": None, "type": None, "starts_on": None, "period": period} | key
    (found,) = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    return found


def test_a_request_counts_in_its_city_area_type_and_both_and_in_each_period(measured: Any) -> None:
    rows, _ = measured([request(), request(area="South"), request(service_name="Pothole")])
    assert group(rows)["volume"] == 3
    assert group(rows, area="North")["volume"] == 2
    assert group(rows, type="Graffiti")["volume"] == 2
    assert group(rows, area="North", type="Graffiti")["volume"] == 1
    starts = {
        "year": date(2025, 1, 1),
        "quarter": date(2025, 1, 1),
        "month": date(2025, 3, 1),
        "week": date(2025, 3, 10),
    }
    for period, starts_on in starts.items():
        assert group(rows, period, starts_on=starts_on)["volume"] == 3
    assert {row["period"] for row in rows} == set(PERIODS)


def test_a_request_without_a_place_is_in_the_volume_and_not_taken_for_the_whole_city(measured: Any) -> None:
    rows, _ = measured([request(), request(area=None), request(area=None, service_name=None)])
    city = group(rows)
    assert (city["volume"], city["volume_unplaced"]) == (3, 2)
    assert group(rows, area="")["volume"] == 2
    assert group(rows, type="")["volume"] == 1
    assert (city["n_placed_ttr"], city["x_timed_unplaced"], city["n_ttr"]) == (1, 2, 3)


def test_days_are_exact_where_the_hour_is_known_and_whole_local_days_where_only_the_day_is(measured: Any) -> None:
    rows, _ = measured([request(), by_day(5)])
    city = group(rows)
    assert city["mean_ttr"] == (2 + 5) / 2
    assert city["median_ttr_hours"] == 48
    assert (city["n_ttr_hours"], city["x_by_day"]) == (1, 1)


def test_quantiles_lie_between_neighbours(measured: Any) -> None:
    rows, _ = measured([by_day(days) for days in (0, 1, 2, 10)])
    city = group(rows)
    assert (city["median_ttr"], city["mean_ttr"]) == (1.5, 3.25)
    assert city["p90_ttr"] == pytest.approx(2 + 0.7 * 8)


def test_open_requests_lengthen_the_median_as_kaplan_and_meier_count_them(measured: Any) -> None:
    """Of eight, S is 7/8 at 1 day; one leaves at 2; S is 35/48 at 3, by 4/5 less at 4 and by 3/4 at 5: below a half."""
    left = still_open(requested_on=AS_OF.date() - timedelta(days=2))
    rows, _ = measured([left, *(by_day(days) for days in (1, 3, 4, 5, 6, 7, 8))], is_by_day=True)
    city = group(rows)
    assert (city["km_median_ttr"], city["n_km_ttr"]) == (5.0, 8)
    assert city["median_ttr"] == 5.0
    rows, _ = measured([*[left] * 4, *(by_day(days) for days in (0, 1, 2, 9, 10))], is_by_day=True)
    assert (group(rows)["km_median_ttr"], group(rows)["median_ttr"]) == (9.0, 2.0), "6/9, and a half of that"


def test_where_more_than_half_stay_open_there_is_no_median(measured: Any) -> None:
    rows, _ = measured([by_day(1), by_day(2), *[still_open()] * 3])
    assert (group(rows)["km_median_ttr"], group(rows)["n_km_ttr"]) == (None, 5)


@pytest.mark.parametrize("count", [2, 6, 10, 998])
def test_exactly_a_half_is_a_half_however_the_logarithms_are_rounded(measured: Any, count: int) -> None:
    rows, _ = measured([by_day(1 + 2 * n // count) for n in range(count)])
    assert group(rows)["km_median_ttr"] == 1.0


def test_an_open_request_lasts_in_whole_local_days_where_closings_are_days(measured: Any) -> None:
    """Opened yesterday evening, 15 hours ago: one day, behind the closing of the same day, which was one of two."""
    late = still_open(requested_at=AS_OF - timedelta(hours=15), requested_on=AS_OF.date() - timedelta(days=1))
    others = [by_day(1), by_day(2)]
    by_the_day, _ = measured([late, *others], is_by_day=True)
    by_the_hour, _ = measured([late, *others], is_by_day=False)
    assert group(by_the_day)["km_median_ttr"] == 2.0, "2/3, then 0"
    assert group(by_the_hour)["km_median_ttr"] == 1.0, "a half of the two that were still there"


def test_of_those_closed_once_some_were_opened_again(measured: Any) -> None:
    again = datetime(2025, 3, 12, tzinfo=UTC)
    first = request(is_first_call=True)
    rows, _ = measured(
        [request(), first, request(reopened_at=again), still_open(reopened_at=again), still_open()],
        tells_reopenings=True,
    )
    city = group(rows)
    assert (city["reopen_pct"], city["n_reopen"], city["x_never_closed"], city["x_untold"]) == (50.0, 4, 1, 0)


def test_where_the_city_does_not_tell_nothing_is_said_of_reopenings(measured: Any) -> None:
    rows, _ = measured([request(), still_open()])
    city = group(rows)
    assert (city["reopen_pct"], city["n_reopen"], city["x_never_closed"], city["x_untold"]) == (None, 0, 0, 2)


def test_what_cannot_be_measured_is_counted_by_reason(measured: Any) -> None:
    rows, _ = measured(
        [
            request(),
            still_open(),
            request(closed_at=None, closed_on=None),
            request(closed_at=datetime(2025, 3, 9, tzinfo=UTC), closed_on=date(2025, 3, 8)),
            request(is_first_call=True, closed_at=datetime(2025, 3, 10, 15, tzinfo=UTC), closed_on=date(2025, 3, 10)),
        ]
    )
    city = group(rows)
    assert (city["volume"], city["n_ttr"]) == (5, 1)
    assert [city[name] for name in ("x_open", "x_untimed", "x_negative", "first_call")] == [1, 1, 1, 1]


def test_an_open_request_past_its_target_is_late_and_one_not_due_yet_says_nothing(measured: Any) -> None:
    fresh = still_open(requested_at=AS_OF - timedelta(hours=3), requested_on=AS_OF.date(), updated_at=AS_OF)
    rows, _ = measured([request(), still_open(), fresh], target=72.0)
    city = group(rows)
    assert (city["on_time_pct"], city["n_on_time"], city["x_not_due"]) == (50.0, 2, 1)


@pytest.mark.parametrize(("on_time", "late", "score"), [(0, 5, 0.0), (2, 3, 0.5), (4, 1, 1.0), (5, 0, 1.25)])
def test_the_score_is_one_where_four_of_five_are_on_time(measured: Any, on_time: int, late: int, score: float) -> None:
    rows, _ = measured([*[by_day(1)] * on_time, *[by_day(9)] * late], target=72.0, statements=of_span("city"))
    assert (rows[0]["city_score"], rows[0]["n_on_time"]) == (score, 5)


def test_without_any_target_there_is_no_score(measured: Any) -> None:
    rows, _ = measured([request()], statements=of_span("city"))
    assert rows[0]["city_score"] is None


def test_a_requests_own_due_date_comes_before_its_types_target_and_that_before_the_citys(measured: Any) -> None:
    late = request(due_at=datetime(2025, 3, 11, 15, tzinfo=UTC))
    rows, _ = measured([late, request(), request(service_name="Pothole")], targets={"Graffiti": 49.0}, target=1.0)
    assert group(rows, type="Graffiti")["on_time_pct"] == 50.0
    assert group(rows, type="Pothole")["on_time_pct"] == 0.0


def test_without_any_target_nothing_is_on_time_or_late(measured: Any) -> None:
    rows, _ = measured([request(), still_open()])
    city = group(rows)
    assert (city["on_time_pct"], city["n_on_time"], city["x_no_target"]) == (None, 0, 2)


def test_a_closing_by_day_meets_a_target_until_the_end_of_the_day_on_which_it_ends(measured: Any) -> None:
    rows, _ = measured([by_day(3), by_day(4)], target=60.0)
    assert group(rows)["on_time_pct"] == 50.0


def test_the_backlog_is_told_by_age_in_local_days(measured: Any) -> None:
    ages = (0, 7, 8, 30, 31, 90, 91, 400)
    rows, _ = measured([still_open(requested_on=AS_OF.date() - timedelta(days=age)) for age in ages])
    city = group(rows)
    assert [city[f"backlog_age_{name}"] for name in ("0_7", "8_30", "31_90", "91")] == [2, 2, 2, 2]
    assert city["open_requests"] == len(ages)


def test_seven_days_of_volume_are_calendar_days_and_not_rows(measured: Any) -> None:
    days = [date(2025, 3, 1), date(2025, 3, 1), date(2025, 3, 7), date(2025, 3, 8)]
    _, rolling = measured([request(requested_on=day) for day in days])
    assert rolling == [
        ("Graffiti", date(2025, 3, 1), 2, 2),
        ("Graffiti", date(2025, 3, 7), 1, 3),
        ("Graffiti", date(2025, 3, 8), 1, 2),
    ]


def test_no_requests_are_no_rows_and_no_error(measured: Any) -> None:
    rows, rolling = measured([])
    assert all(row["volume"] == 0 for row in rows)
    assert rolling == []


REQUESTS = st.builds(
    lambda row, area, kind, hours, first: (
        row
        | {
            "area": area,
            "service_name": kind,
            "is_first_call": first,
            "closed_at": row["closed_at"] and row["requested_at"] + timedelta(hours=hours),
            "due_at": row["requested_at"] + timedelta(hours=30) if hours % 2 else None,
            "reopened_at": row["requested_at"] if hours % 3 else None,
        }
    ),
    st.sampled_from([request(), still_open(), by_day(3), by_day(-1), request(closed_at=None, closed_on=None)]),
    st.sampled_from(["North", "South", None]),
    st.sampled_from(["Graffiti", "Pothole", None]),
    st.integers(-30, 300),
    st.booleans(),
)


def days_of(row: Row) -> float | None:
    """From opening to closing, None where that says nothing."""
    if row["is_first_call"] or not row["closed_on"]:
        return None
    exact = row["closed_at"] and (row["closed_at"] - row["requested_at"]).total_seconds() / 86400
    days = float((row["closed_on"] - row["requested_on"]).days) if exact is None else exact
    return days if days >= 0 else None


def lasting_of(row: Row) -> tuple[float, bool] | None:
    """Days, and whether it is closed then; None for what says nothing."""
    if row["is_first_call"]:
        return None
    if row["is_open"]:
        return max((AS_OF - row["requested_at"]).total_seconds() / 86400, 0.0), False
    days = days_of(row)
    return None if days is None else (days, True)


def product_limit(lasting: Sequence[tuple[float, bool]]) -> float | None:
    """The median by the textbook's loop, in fractions."""
    share = Fraction(1)
    for time in sorted({days for days, is_closed in lasting if is_closed}):
        at_risk = sum(days >= time for days, _ in lasting)
        share *= 1 - Fraction(sum(days == time and is_closed for days, is_closed in lasting), at_risk)
        if share <= Fraction(1, 2):
            return time
    return None


LASTING = st.builds(
    lambda row, kind, days, hours: (
        row
        | {
            "service_name": kind,
            "requested_at": AS_OF - timedelta(days=days),
            "requested_on": (AS_OF - timedelta(days=days)).date(),
            "closed_at": row["closed_at"] and AS_OF - timedelta(days=days) + timedelta(hours=hours),
        }
    ),
    st.sampled_from([request(), request(is_first_call=True), still_open(), still_open()]),
    st.sampled_from(["Graffiti", "Pothole"]),
    st.integers(-1, 12),
    st.one_of(st.integers(-1, 6).map(lambda days: 24 * days), st.integers(-30, 300)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LASTING, min_size=1, max_size=30))
def test_the_median_with_open_requests_is_the_product_limits(measured: Any, given: list[Row]) -> None:
    rows, _ = measured(given, statements=of_span("type"))
    for row in rows:
        of_type = [each for each in given if each["service_name"] == row["type"]]
        lasting = [found for each in of_type if (found := lasting_of(each))]
        expected = product_limit(lasting)
        assert row["n_km_ttr"] == len(lasting)
        assert row["km_median_ttr"] == (None if expected is None else pytest.approx(expected, abs=1e-9))


def test_a_thousand_requests_in_groups_have_the_product_limits_medians(measured: Any) -> None:
    dice = random.Random(1)
    rows = []
    for _ in range(1_000):
        at = AS_OF - timedelta(seconds=dice.randrange(90 * 86_400))
        after = timedelta(seconds=dice.choice((3_600, dice.randrange(1, 60 * 86_400))))
        is_open = at + after > AS_OF
        closed_at = None if is_open else at + after
        given = {"requested_at": at, "requested_on": at.date(), "is_open": is_open, "closed_at": closed_at}
        kind = dice.choice(("Graffiti", "Pothole"))
        rows.append(request(**given, closed_on=closed_at and closed_at.date(), service_name=kind))
    found, _ = measured(rows)
    months = [row for row in found if row["period"] == "month" and row["type"] and not row["area"]]
    assert len(months) == 8
    for month in months:
        of_group = [
            lasting
            for row in rows
            if row["service_name"] == month["type"] and row["requested_on"].replace(day=1) == month["starts_on"]
            if (lasting := lasting_of(row))
        ]
        expected = product_limit(of_group)
        assert month["km_median_ttr"] == (None if expected is None else pytest.approx(expected))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(REQUESTS, min_size=1, max_size=20), st.booleans())
def test_of_every_measure_what_counts_and_what_does_not_add_up_to_the_volume(
    measured: Any, given: list[Row], tells: bool
) -> None:
    rows, _ = measured(given, statements=of_span("area_type"), tells_reopenings=tells)
    (city,), _ = measured(given, statements=of_span("city"), tells_reopenings=tells)
    for row in (city, *rows):
        for measure in MEASURES:
            if measure.excluded:
                assert row[measure.n] + sum(row[name] for name in measure.excluded.values()) == row["volume"], (
                    measure.name
                )
    times = [days for row in given if (days := days_of(row)) is not None]
    assert city["n_ttr"] == len(times)
    if times:
        assert math.isclose(city["mean_ttr"], fmean(times), abs_tol=1e-9)
        assert math.isclose(city["median_ttr"], median(times), abs_tol=1e-9)


def test_every_measure_has_a_definition_a_unit_and_columns_that_there_are(measured: Any) -> None:
    (city, *_), _ = measured([request()])
    for measure in MEASURES:
        assert measure.definition.endswith(".")
        assert {measure.name, measure.n, *measure.excluded.values()} <= city.keys()
    assert BY_NAME.keys() == {measure.name for measure in MEASURES}
