"""Measures as a table and as files: what stands in a cell, in which order, and why there is none."""

from __future__ import annotations

import csv
import io
from datetime import date

import msgspec
import pytest

from li_perf.faces.figures import as_csv, as_table, order
from li_perf.store.measures import Figure, Measurement

ABOUT = Measurement(as_of="2026-01-01T00:00:00Z", requests=12, made_at="2026-01-01T00:00:00Z")
ONE = Figure(name="volume", period="all", starts_on=None, area="1", type=None, value=12.0, n=12)


def figure(**others: object) -> Figure:
    return msgspec.structs.replace(ONE, **others)


def cells(*figures: Figure) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv("town", ABOUT, figures))))


def test_a_count_in_a_file_is_a_whole_number_and_a_time_is_not() -> None:
    assert [row["value"] for row in cells(ONE, figure(name="mean_ttr", value=12.0))] == ["12", "12.0"]
    assert cells(figure(value=None))[0]["value"] == ""


def test_requests_that_name_no_area_are_empty_in_a_file_and_named_in_the_table() -> None:
    assert cells(figure(area=""))[0]["area"] == ""
    assert "(none named)" in as_table("Town", ABOUT, [figure(area="")])


@pytest.mark.parametrize(
    "areas",
    [["", "1", "2", "10"], ["Ward 2", "Ward 10"], ["01 BRONX", "2 BRONX", "Hill", "Unspecified"], ["²", "Æ"]],
)
def test_areas_stand_in_the_order_in_which_people_count(areas: list[str]) -> None:
    given = [figure(area=area) for area in reversed(areas)]
    assert [one.area for one in sorted(given, key=order)] == areas


def test_figures_stand_by_measure_and_the_days_of_a_group_in_their_order() -> None:
    days = [figure(starts_on=date(2025, month, 1)) for month in (1, 2)]
    whole = [figure(name="mean_ttr", area=None), figure(area=None), *days]
    backwards = whole[::-1]
    assert sorted(backwards, key=order) == whole


def test_a_dash_is_explained_by_what_is_left_out() -> None:
    late = figure(name="on_time_pct", value=None, n=0, excluded={"no target": 1_000, "open and not due yet": 2})
    text = as_table("Town", ABOUT, [ONE, late, msgspec.structs.replace(late, area="2")])
    said = "on_time_pct –: no request counts: no target (2,000), open and not due yet (4)."
    assert text.splitlines()[-1] == said
    assert "–:" not in as_table("Town", ABOUT, [ONE, figure(name="km_median_ttr", value=None, n=9)])
