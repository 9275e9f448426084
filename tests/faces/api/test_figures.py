"""Figures by area, type and period: what is asked for, in pages, each with its meaning."""

from __future__ import annotations

import csv
import io

import pytest
from faces.api.conftest import AREAS, AS_OF, MADE_AT, TYPES, Get

from li_perf.analysis.dictionary import BY_NAME, BY_WEEK

METRICS = "/v1/cities/philadelphia/metrics"


async def test_every_figure_says_what_it_means_of_when_it_is_and_how_many_count(api: Get) -> None:
    found = (await api(f"{METRICS}?name=avg_ttr&by=area&period=month&area=Hill&since=2025-02-01&until=2025-03-01")).json
    assert (found["city"], found["as_of"], found["made_at"]) == ("philadelphia", AS_OF, MADE_AT)
    measure = BY_NAME["avg_ttr"]
    assert found["definitions"] == {"avg_ttr": {"definition": measure.definition, "unit": measure.unit}}
    assert (found["total"], found["next"]) == (1, None)
    assert found["items"] == [
        {
            "name": "avg_ttr",
            "area": "Hill",
            "type": None,
            "period": "month",
            "starts_on": "2025-02-01",
            "value": 2.5,
            "n": 12,
            "excluded": {"still open": 3},
            "definition": "avg_ttr",
            "as_of": AS_OF,
        }
    ]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("name=volume", 1),
        ("name=volume&name=avg_ttr", 2),
        ("name=volume&by=area", len(AREAS)),
        ("name=volume&by=area&area=", 1),
        ("name=volume&by=area,type", len(AREAS) * len(TYPES)),
        ("name=volume&by=type&period=month", len(TYPES) * 12),
        ("name=volume&by=type&period=month&since=2025-12-01", len(TYPES)),
        ("name=volume&by=area&area=' or 1=1 --", 0),
        ("name=volume&period=year", 0),
    ],
)
async def test_what_is_asked_for_is_what_is_answered(api: Get, query: str, count: int) -> None:
    found = (await api(f"{METRICS}?{query}")).json
    assert found["total"] == len(found["items"]) == count


async def test_pages_follow_one_another_to_the_end_and_leave_nothing_out(api: Get) -> None:
    whole = (await api(f"{METRICS}?by=area,type&period=month&limit=1000")).json
    seen, following = [], f"{METRICS}?by=area,type&period=month&limit=50"
    while following:
        reply = await api(following)
        seen += reply.json["items"]
        following = reply.json["next"]
        assert (f'<{following}>; rel="next"' if following else None) == reply.headers.get("Link")
    assert seen == whole["items"]
    assert len(seen) == whole["total"] == 3 * len(AREAS) * len(TYPES) * 12


async def test_figures_that_are_never_made_are_refused_and_not_answered_with_nothing(api: Get) -> None:
    for query, said in (
        ("by=area,type", "all, month, year"),
        ("name=volume&name=avg_ttr", "no avg_ttr; there are volume"),
    ):
        reply = await api(f"{METRICS}?{query}&period=week")
        assert (reply.status, said in reply.json["detail"]) == (404, True)
    assert set((await api(f"{METRICS}?period=week")).json["definitions"]) == {measure.name for measure in BY_WEEK}


async def test_areas_and_types_come_with_their_volume(api: Get) -> None:
    areas = (await api("/v1/cities/philadelphia/areas")).json["items"]
    assert {item["area"]: item["value"] for item in areas} == dict.fromkeys(AREAS, 2.5)
    types = (await api("/v1/cities/philadelphia/types")).json["items"]
    assert [item["type"] for item in types] == sorted(TYPES)


async def test_unplaced_volume_stands_beside_all_volume(api: Get) -> None:
    found = (await api("/v1/cities/philadelphia/volume/unplaced?by=type&period=month&type=Noise")).json
    assert [item["name"] for item in found["items"]] == ["volume"] * 12 + ["volume_unplaced"] * 12


async def test_the_rolling_week_comes_by_day(api: Get) -> None:
    found = (await api("/v1/cities/philadelphia/rolling?type=Noise&since=2025-01-03&limit=2")).json
    days = [(item["day"], item["volume"], item["value"]) for item in found["items"]]
    assert (found["total"], days) == (5, [("2025-01-03", 3, 6), ("2025-01-04", 4, 8)])


@pytest.mark.parametrize(
    "how", [{"query": "&format=csv"}, {"accept": "text/csv"}, {"accept": "application/json;q=.1, text/csv"}]
)
async def test_a_table_has_the_same_figures_and_holds_no_formula(api: Get, how: dict[str, str]) -> None:
    reply = await api(f"{METRICS}?name=volume&by=area{how.get('query', '')}", accept=how.get("accept", "*/*"))
    assert reply.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(reply.body.decode())))
    assert {row["area"] for row in rows} == {"'=1+1", "Hill", ""}
    assert {(row["definition"], row["unit"], row["n"], row["as_of"]) for row in rows} == {
        (BY_NAME["volume"].definition, "requests", "12", AS_OF)
    }


async def test_json_is_what_comes_where_the_client_does_not_prefer_a_table(api: Get) -> None:
    for accept in ("*/*", "application/json, text/csv;q=0.5", "text/csv;q=0", "text/csv;q=x", "image/png"):
        reply = await api(f"{METRICS}?name=volume", accept=accept)
        assert reply.headers["Content-Type"] == "application/json"
