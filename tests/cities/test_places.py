"""Positions in every form in which portals write them, and columns under every name."""

from __future__ import annotations

from typing import Any

import pytest

from li_perf.cities.places import place, position
from li_perf.cities.reading import Unreadable
from li_perf.cities.spelling import MOST_COLUMNS, respelled
from li_perf.model import Point

HERE = Point(lon=-73.96, lat=40.76)


@pytest.mark.parametrize(
    "value",
    [
        {"type": "Point", "coordinates": [-73.96, 40.76]},
        {"type": "Point", "coordinates": [-73.96, 40.76, 12.0]},
        {"latitude": "40.76", "longitude": "-73.96", "human_address": '{"address": ""}'},
        {"lat": 40.76, "lon": -73.96},
        "(40.76, -73.96)",
        " (40.76,-73.96) ",
    ],
)
def test_every_portals_point_is_read(value: Any) -> None:
    assert place(value) == HERE


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", "(40.76)", "40.76, -73.96", "(a, b)", "(91.0, 0)", 1, [], [-73.96, 40.76], {}),
        {"type": "LineString", "coordinates": [[-73.96, 40.76], [-73.97, 40.77]]},
        {"type": "Point", "coordinates": []},
        {"type": "Point", "coordinates": [[], {}]},
        {"type": "Point", "coordinates": [40.76, -173.96]},
        {"latitude": None, "longitude": "x"},
    ],
)
def test_what_is_no_point_is_none(value: Any) -> None:
    assert place(value) is None


def test_the_columns_of_a_position_come_before_its_object() -> None:
    other = {"type": "Point", "coordinates": [-80.0, 30.0]}
    assert position({"longitude": "-73.96", "latitude": "40.76", "location": other}, column="location") == HERE
    assert position({"longitude": "", "latitude": "", "location": "(40.76, -73.96)"}, column="location") == HERE
    assert position({}, column="location") is None


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Unique Key", "unique_key"),
        ("unique_key", "unique_key"),
        ("X Coordinate (State Plane)", "x_coordinate_state_plane"),
        ("Date / Time Opened", "date_time_opened"),
        ("Date /Time Opened", "date_time_opened"),
        ("Date_Time_Opened", "date_time_opened"),
        ("Request #", "request"),
        ("Request__", "request"),
        ("case_request", "request_type"),
    ],
)
def test_a_column_has_one_spelling_under_all_its_names(heading: str, name: str) -> None:
    assert respelled({heading: 1}, (("case_request", "request_type"),)) == {name: 1}


def test_two_columns_that_come_out_as_one_are_refused() -> None:
    with pytest.raises(Unreadable, match="two columns have the same name"):
        respelled({"Unique Key": 1, "unique_key": 2})


@pytest.mark.parametrize("row", [{"x" * 101: 1}, dict.fromkeys(map(str, range(MOST_COLUMNS + 1)))])
def test_names_that_no_portal_gives_are_refused(row: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match="column"):
        respelled(row)
