"""ArcGIS layers: pages behind the last id, and which replies are answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sources.replies import HOSTILE, reply_of, verdict

from li_perf.errors import Drifted, Garbled
from li_perf.sources import layer_sql
from li_perf.sources.address import parameters_of
from li_perf.sources.arcgis import Table
from li_perf.sources.portal import Page

TABLE = Table(
    table="hubNashville_(311)_Service_Requests_1",
    opened_in="Date_Time_Opened",
    changed_in=("Date_Time_Opened", "Date_Time_Closed"),
)
LAYER = {
    "name": "requests",
    "objectIdField": "ObjectId2",
    "maxRecordCount": 2000,
    "fields": [{"name": "Request__", "type": "esriFieldTypeString"}, {"name": "ObjectId2", "type": "esriFieldTypeOID"}],
}


def rows(*ids: Any) -> list[dict[str, Any]]:
    return [{"OBJECTID": one} for one in ids]


def first(size: int = 3, where: list[str] | None = None, look: Page = Page()) -> str:
    return TABLE.first(where or [], ["Request__"], size=size, look=look)


def following(statement: str, page: Page) -> str | None:
    return TABLE.following(statement, page, where=["Status = 'New'"], columns=["Request__"])


def test_the_layer_tells_its_id_its_fields_and_its_most() -> None:
    look = TABLE.read(reply_of(200, LAYER))
    assert (list(look.columns), look.most) == (["ObjectId2", "Request__"], 2000)
    asked = parameters_of(first(look=look))
    assert (asked["orderByFields"], asked["outFields"]) == ("ObjectId2", "ObjectId2,Request__")
    without = {name: value for name, value in LAYER.items() if name not in ("objectIdField", "maxRecordCount")}
    assert TABLE.read(reply_of(200, without)).columns[0] == "ObjectId2"
    assert TABLE.read(reply_of(200, without)).most is None


@pytest.mark.parametrize("key", ["1=1; --", "a b", 7])
def test_an_id_that_is_no_plain_name_is_garbled(key: Any) -> None:
    with pytest.raises(Garbled):
        TABLE.read(reply_of(200, LAYER | {"objectIdField": key}))


def test_a_page_lies_behind_the_last_id() -> None:
    statement = first(where=["Status = 'New'"])
    assert statement.startswith("/hubNashville_%28311%29_Service_Requests_1/FeatureServer/0/query?f=json&")
    assert parameters_of(statement) == {
        "f": "json",
        "where": "Status = 'New'",
        "outFields": "OBJECTID,Request__",
        "returnGeometry": "false",
        "orderByFields": "OBJECTID",
        "resultRecordCount": "3",
    }
    behind = following(statement, Page(rows=rows(4, 9), has_more=True))
    assert behind is not None
    assert parameters_of(behind)["where"] == "Status = 'New' AND OBJECTID > 9"


@pytest.mark.parametrize(
    ("ids", "has_more", "goes_on"),
    [
        ((1, 2, 3), None, True),  # as long as asked for: once more
        ((1, 2, 3), False, True),
        ((1, 2), None, False),
        ((1, 2), False, False),
        ((1, 2), True, True),  # shorter, as the layer's own limit is
        ((), None, False),
    ],
)
def test_the_end_is_where_nothing_says_that_there_is_more(
    ids: tuple[int, ...], has_more: bool | None, goes_on: bool
) -> None:
    assert (following(first(), Page(rows=rows(*ids), has_more=has_more)) is not None) == goes_on


@pytest.mark.parametrize("ids", [(), (2, 1), (1, 1), (1, None), ("1", "2"), (1, True), (1.5, 2.5)])
def test_ids_that_do_not_increase_end_the_download(ids: tuple[Any, ...]) -> None:
    with pytest.raises(Drifted):
        following(first(), Page(rows=rows(*ids), has_more=True))


@pytest.mark.parametrize(
    ("flags", "has_more"),
    [
        ({}, None),
        ({"exceededTransferLimit": True}, True),
        ({"exceededTransferLimit": False}, False),
        ({"properties": {"exceededTransferLimit": True}}, True),
        ({"properties": {"exceededTransferLimit": False}, "exceededTransferLimit": True}, True),
        ({"properties": {}}, None),
        ({"properties": None}, None),
    ],
)
def test_more_is_said_beside_the_features_or_below(flags: dict[str, Any], has_more: bool | None) -> None:
    page = TABLE.read(reply_of(200, {"features": [{"attributes": {"OBJECTID": 1}}], **flags}))
    assert (page.rows, page.has_more) == ([{"OBJECTID": 1}], has_more)


def test_a_feature_of_geojson_is_a_row_with_its_geometry() -> None:
    place = {"type": "Point", "coordinates": [-86.7, 36.1]}
    feature = {"type": "Feature", "properties": {"OBJECTID": 1}, "geometry": place}
    page = TABLE.read(reply_of(200, {"type": "FeatureCollection", "features": [feature]}))
    assert page.rows == [{"OBJECTID": 1, "geometry": place}]


def test_a_period_is_asked_for_in_utc() -> None:
    assert TABLE.opened(datetime(2025, 1, 1, 6, tzinfo=UTC), datetime(2025, 7, 1, 5, tzinfo=UTC)) == [
        "Date_Time_Opened >= TIMESTAMP '2025-01-01 06:00:00'",
        "Date_Time_Opened < TIMESTAMP '2025-07-01 05:00:00'",
    ]


def test_what_was_opened_or_closed_since_has_changed() -> None:
    assert TABLE.changed("1755570600999") == [
        "(Date_Time_Opened >= TIMESTAMP '2025-08-19 02:30:00' OR Date_Time_Closed >= TIMESTAMP '2025-08-19 02:30:00')"
    ]
    assert Table(table="t").changed("1755570600999") is None


def test_a_census_counts_and_tells_the_newest_of_all_changes() -> None:
    assert '"statisticType":"count","onStatisticField":"OBJECTID"' in parameters_of(TABLE.census([]))["outStatistics"]
    counted = TABLE.counted(Page(rows=[{"N": 7, "NEWEST_0": 1755570600000, "newest_1": None}]))
    assert (counted.count, counted.newest) == (7, "1755570600000")
    bare = Table(table="t")
    assert parameters_of(bare.census([]))["returnCountOnly"] == "true"
    assert bare.counted(bare.read(reply_of(200, {"count": 12}))).count == 12


@pytest.mark.parametrize(
    "row", [{}, {"n": None}, {"n": 1, "newest_0": "soon"}, {"n": 1, "newest_0": 10**40}, {"n": []}]
)
def test_a_census_without_a_number_is_garbled(row: Any) -> None:
    with pytest.raises(Garbled):
        TABLE.counted(Page(rows=[row]))
    with pytest.raises(Garbled):
        TABLE.counted(Page())


def test_half_of_a_page_is_half_its_rows() -> None:
    half = TABLE.halved(first(5))
    assert half == first(2)
    assert TABLE.halved(TABLE.halved(half) or "") is None


def test_a_literal_is_escaped() -> None:
    assert layer_sql.compare("A", "=", "O'Hara' OR 1=1") == "A = 'O''Hara'' OR 1=1'"
    for value in ("\0", True, None):
        with pytest.raises(ValueError, match="not a text"):
            layer_sql.literal(value)  # type: ignore[arg-type]


def error(code: Any, message: Any = "Cannot perform query.", *details: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "details": list(details)}}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"features": []}, "Page"),
        (
            200,
            error(400, "Cannot perform query. Invalid query parameters.", "'Invalid field: date' parameter is invalid"),
            "ColumnGone",
        ),
        (200, error(400, "Cannot perform query. Invalid query parameters."), "Rejected"),
        (200, error(400, "Unable to complete operation."), "Broken"),
        (200, error(400, "Invalid URL"), "Astray"),
        (200, error(400, None), "Rejected"),
        (200, error(404, "Service not found"), "Astray"),
        (200, error(498, "Invalid token."), "Denied"),
        (200, error(499, "Token Required"), "Denied"),
        (200, error(403, "You do not have permissions"), "Denied"),
        (200, error(429, "Too many requests"), "Busy"),
        (200, error(500, "Cannot perform query. Invalid query parameters."), "Broken"),
        (200, error(504, "Your request has timed out."), "TooHeavy"),
        (200, error(503), "Broken"),
        (200, error(None, None), "Broken"),
        (200, error("E7", "?"), "Broken"),
        (200, {"error": {}}, "Broken"),
        (200, {"error": "oops"}, "Garbled"),
        (200, {}, "Garbled"),
        (200, {"features": [{}]}, "Garbled"),
        (200, {"features": None, "fields": []}, "Garbled"),
        (200, {"fields": [{"name": "a"}]}, "Garbled"),
        (400, error(400, "Invalid URL"), "Astray"),
        (400, b"<html>", "Rejected"),
        (401, b"", "Denied"),
        (403, b"<html>", "Blocked"),
        (404, b"<html>", "Astray"),
        (429, b"<html>", "Busy"),
        (500, {"error": {"code": 500, "message": "Error"}}, "Broken"),
        (503, b"<html>", "Broken"),
        (204, b"", "Garbled"),
    ],
)
def test_a_reply_has_its_meaning(status: int, body: Any, kind: str) -> None:
    assert verdict(lambda: TABLE.read(reply_of(status, body)))[0] == kind


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("status", [200, 400, 403, 404, 500])
def test_a_hostile_body_ends_in_a_fault_or_in_rows(name: str, status: int) -> None:
    kind, error = verdict(lambda: TABLE.read(reply_of(status, HOSTILE[name])))
    assert error is not None or (status == 200 and kind == "Page")


def test_a_kept_page_gives_its_rows_again() -> None:
    assert TABLE.rows(b'{"features":[{"attributes":{"a":1}}]}') == [{"a": 1}]
    for body in (b'{"error":{"code":498}}', b'{"features":[', b"{}"):
        with pytest.raises(AssertionError):
            TABLE.rows(body)
