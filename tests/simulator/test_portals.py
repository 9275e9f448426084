"""The stand-ins' quirks, which are the portals' own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from support.portals import PLACES

from li_perf.simulator.faults import Faults
from li_perf.simulator.portals.columns import Column, Kind
from li_perf.simulator.portals.language import Unknown, condition
from li_perf.simulator.portals.stand_in import Asked, serve
from li_perf.simulator.portals.tokens import LAYER_SQL, ODSQL, SOQL, Dialect, Malformed

COLUMNS = {
    "a": Column(name="a", kind=Kind.TEXT, sql="A"),
    "n": Column(name="n", kind=Kind.NUMBER, sql="N"),
    "t": Column(name="t", kind=Kind.INSTANT, sql="T"),
    "f": Column(name="f", kind=Kind.FLOATING, sql="F"),
    ":id": Column(name=":id", kind=Kind.TEXT, sql="I"),
}
NEW_YEAR = datetime(2025, 1, 1)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("dialect", "text", "sql", "values"),
    [
        (SOQL, "a = 'it''s'", "(A = ?)", ["it's"]),
        (SOQL, "a = 'back\\'", "(A = ?)", ["back\\"]),
        (SOQL, ":id > 'x' AND f < '2025-01-01T00:00:00.000'", "((I > ?) and (F < ?))", ["x", NEW_YEAR]),
        (SOQL, "(t > '2025-01-01T00:00:00Z' OR (t = '2025-01-01T00:00:00Z'))", "((T > ?) or (T = ?))", [NEW_YEAR] * 2),
        (ODSQL, 'a = "say \\"x\\"" and t >= date\'2025-01-01\'', "((A = ?) and (T >= ?))", ['say "x"', NEW_YEAR]),
        (LAYER_SQL, "1=1", "(1 = 1)", []),
        (
            LAYER_SQL,
            "t >= TIMESTAMP '2025-01-01 00:00:00' AND n IN (1, 2)",
            "((T >= ?) and (N in (?, ?)))",
            [NEW_YEAR, 1, 2],
        ),
        (LAYER_SQL, "not a is not null", "(not (A is not null))", []),
    ],
)
def test_conditions_are_evaluated_with_their_values_apart(
    dialect: Dialect, text: str, sql: str, values: list[Any]
) -> None:
    assert condition(text, COLUMNS, dialect) == (sql, values)


@pytest.mark.parametrize(
    ("dialect", "text", "error"),
    [
        (SOQL, "b = 'x'", Unknown),
        (SOQL, "a = b", Malformed),
        (SOQL, "a = 'x", Malformed),
        (SOQL, "a = 'x') or (1=1", Malformed),
        (SOQL, "a = 'x'; drop table base", Malformed),
        (SOQL, 'a = "x"', Malformed),
        (SOQL, "f > '2025-01-01T00:00:00+00:00'", Malformed),
        (SOQL, "n > 'many'", Malformed),
        (LAYER_SQL, "t > 1735689600000", Malformed),
        (LAYER_SQL, "", Malformed),
        (ODSQL, "a like 'x'", Malformed),
    ],
)
def test_anything_else_is_refused(dialect: Dialect, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        condition(text, COLUMNS, dialect)


def said(kind: str, path: str, count: int = 30, **parameters: str) -> tuple[int, Any, Mapping[str, str]]:
    """What a stand-in answers to one request."""
    asked = Asked(
        path=path, parameters={f"${k}" if kind == "socrata" else k: v for k, v in parameters.items()}, headers={}
    )
    reply = PLACES[kind].speaker(count).answer(asked, Faults())
    return reply.status, json.loads(reply.body), reply.headers


SODA = "/resource/78uv-94ar.json"


def test_socrata_leaves_nulls_out_writes_numbers_as_text_and_has_no_order_of_its_own() -> None:
    status, rows, headers = said("socrata", SODA)
    assert status == 200
    assert [row["id"] for row in rows] != sorted((row["id"] for row in rows), key=int)
    one = next(row for row in rows if row["id"] == "3")
    assert "status" not in one
    assert one["lat"] == "29.6503"
    assert one["opened"] == "2025-01-09T23:54:00.000"
    assert json.loads(headers["X-SODA2-Fields"]) == ["id", "status", "opened", "changed", "lat"]


def test_socrata_gives_a_thousand_rows_unless_asked_for_more() -> None:
    assert len(said("socrata", SODA, count=1_200)[1]) == 1_000
    assert len(said("socrata", SODA, count=1_200, limit="1100")[1]) == 1_100


@pytest.mark.parametrize(
    ("kind", "path", "parameters", "status", "words"),
    [
        ("socrata", "/resource/none-such.json", {}, 404, "dataset.missing"),
        ("socrata", SODA, {"select": "b"}, 400, "query.soql.no-such-column"),
        ("socrata", SODA, {"where": "b = 'x'"}, 400, "query.soql.no-such-column"),
        ("socrata", SODA, {"where": "id ="}, 400, "query.compiler.malformed"),
        ("socrata", SODA, {"limit": "many"}, 400, "query.compiler.malformed"),
        ("opendatasoft", "/catalog/datasets/none/records", {}, 404, "DatasetNotFoundError"),
        ("opendatasoft", "/catalog/datasets/requests/records", {"limit": "101"}, 400, "InvalidRESTParameterError"),
        ("opendatasoft", "/catalog/datasets/requests/records", {"limit": "100", "offset": "9901"}, 400, "10001 was"),
        ("opendatasoft", "/catalog/datasets/requests/exports/json", {"offset": "10001"}, 400, "10001 was found"),
        ("opendatasoft", "/catalog/datasets/requests/exports/json", {"where": "b = 1"}, 400, "Unknown field: b"),
        ("arcgis", "/none/FeatureServer/0/query", {"where": "1=1"}, 200, "Invalid URL"),
        ("arcgis", "/requests (311)/FeatureServer/0/query", {"where": "date = 1"}, 200, "'Invalid field: date' par"),
        ("arcgis", "/requests (311)/FeatureServer/0/query", {"where": "Opened > 1735689600000"}, 200, "Invalid query"),
        ("arcgis", "/requests (311)/FeatureServer/0/query", {}, 200, "Invalid query parameters"),
        ("open311", "/requests.json", {}, 404, "jurisdiction_id"),
        ("open311", "/requests.json", {"jurisdiction_id": "city.gov", "start_date": "2025-01-01"}, 400, "no zone"),
    ],
)  # fmt: skip
def test_a_refusal_is_the_portals_own(
    kind: str, path: str, parameters: dict[str, str], status: int, words: str
) -> None:
    found, body, _ = said(kind, path, **parameters)
    assert found == status
    assert words in json.dumps(body)


@pytest.mark.parametrize("form", ["json", "geojson"])
def test_arcgis_says_where_there_is_more(form: str) -> None:
    asked = {"where": "1=1", "outFields": "*", "orderByFields": "OBJECTID", "f": form}
    _, body, _ = said("arcgis", "/requests (311)/FeatureServer/0/query", count=150, **asked)
    where = body if form == "json" else body["properties"]
    assert (len(body["features"]), where["exceededTransferLimit"]) == (100, True)
    _, body, _ = said("arcgis", "/requests (311)/FeatureServer/0/query", count=98, **asked)
    assert "exceededTransferLimit" not in json.dumps(body)


def test_open311_sends_the_newest_of_ninety_days_and_ids_as_numbers() -> None:
    window = {"start_date": "2025-01-01T00:00:00Z", "end_date": "2025-03-31T00:00:00Z", "jurisdiction_id": "city.gov"}
    _, rows, _ = said("open311", "/requests.json", count=300, **window)
    times = [row["requested_datetime"] for row in rows]
    assert len(rows) == 100
    assert times == sorted(times, reverse=True)
    assert all(type(row["service_request_id"]) is int for row in rows)
    status, _, _ = said("open311", "/requests.json", **(window | {"end_date": "2025-04-02T00:00:00Z"}))
    assert status == 400


def test_a_row_that_is_given_again_takes_the_others_place() -> None:
    speaker = PLACES["socrata"].speaker(5)
    changed = {"id": "3", "status": "Closed", "opened": "2025-02-01T00:00:00.000", "lat": 1}
    speaker.rows.upsert([changed, changed | {"id": "99"}], datetime(2025, 8, 1, tzinfo=UTC))
    asked = Asked(
        path=SODA, parameters={"$select": ":id,id,status", "$where": ":updated_at > '2025-07-01'"}, headers={}
    )
    rows = json.loads(speaker.answer(asked, Faults()).body)
    assert {(row[":id"], row["id"], row["status"]) for row in rows} == {
        ("row-000000003", "3", "Closed"),
        ("row-000000008", "99", "Closed"),
    }


async def test_faults_can_change_while_it_runs_and_it_serves_loopback_only() -> None:
    async with serve(PLACES["socrata"].speaker(5)) as stand_in, aiohttp.ClientSession() as session:
        async with session.get(stand_in.url + SODA) as reply:
            assert reply.status == 200
        stand_in.change(Faults(denied=True))
        async with session.get(stand_in.url + SODA) as reply:
            assert reply.status == 403
    with pytest.raises(ValueError, match="loopback"):
        async with serve(PLACES["socrata"].speaker(5), host="0.0.0.0"):
            pass
