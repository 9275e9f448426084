"""Errors are problems with a next step (RFC 9457), and tell nothing of the machine."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from faces.api.conftest import Get, serving

METRICS = "/v1/cities/philadelphia/metrics"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v1/nothing", 404, "/v1/openapi.json"),
        ("/v1/cities/", 404, "/v1/openapi.json"),
        ("/docs/../../../settings.py", 404, "/v1/openapi.json"),
        ("/v1/cities/atlantis/metrics", 404, "philadelphia"),
        ("/v1/cities/gainesville/metrics", 503, "li-perf download gainesville"),
        (f"{METRICS}?area={'a' * 10_000}", 414, "too long"),
        (f"{METRICS}?area={'a' * 201}", 422, "`area`"),
        (f"{METRICS}?limit=0", 422, "`limit`"),
        (f"{METRICS}?limit=1001", 422, "`limit`"),
        (f"{METRICS}?limit=1&limit=2", 422, "`limit`"),
        (f"{METRICS}?offset=-1", 422, "`offset`"),
        (f"{METRICS}?by=planet", 422, "`by`"),
        (f"{METRICS}?name=nothing", 422, "`name.0`"),
        (f"{METRICS}?since=2025-13-01", 422, "`since`"),
        (f"{METRICS}?since=2025-01-01", 503, "There are no tickets of philadelphia yet."),
        (f"{METRICS}?since=0", 422, "`since`"),
        (f"{METRICS}?sicne=2025-01-01", 422, "`sicne`"),
        ("/v1/cities?city=philadelphia", 422, "`city`"),
        ("/health?deep", 422, "`deep`"),
    ],
)
async def test_what_cannot_be_answered_says_why_and_what_to_do(api: Get, path: str, status: int, said: str) -> None:
    reply = await api(path)
    assert reply.status == reply.json["status"] == status
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert said in reply.json["detail"]


async def test_nothing_can_be_written(api: Get) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        reply = await api(METRICS, method=method)
        assert (reply.status, reply.headers["Allow"], reply.json["status"]) == (405, "GET", 405)


async def test_a_head_is_an_answer_without_its_body(api: Get) -> None:
    head, whole = await api(METRICS, method="HEAD"), await api(METRICS)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.body))


async def test_a_store_without_measures_says_how_they_are_made(data: Path) -> None:
    with closing(sqlite3.connect(data / "philadelphia.db")) as connection, connection:
        connection.execute("delete from measurement")
    async with serving(data) as api:
        reply = await api(METRICS)
    assert (reply.status, "li-perf measure philadelphia" in reply.json["detail"]) == (503, True)


async def test_a_damaged_store_is_told_in_the_log_and_not_to_strangers(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (data / "philadelphia.db").write_bytes(b"not a database" * 500)
    async with serving(data) as api:
        reply = await api(METRICS)
        listed = (await api("/v1/cities")).json["items"][0]
    assert reply.status == 503
    assert str(data) not in reply.body.decode()
    assert str(data) in caplog.text
    assert listed["problem"]


async def test_a_fault_of_ours_shows_no_trace(
    data: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(data) as api:
        monkeypatch.setattr("li_perf.store.measures.page", None)
        reply = await api(METRICS)
    assert (reply.status, reply.headers["Content-Type"]) == (500, "application/problem+json")
    assert "TypeError" not in reply.body.decode()
    assert "TypeError" in caplog.text
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


async def test_no_log_has_what_was_asked_behind_the_path(api: Get, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    await api(f"{METRICS}?area=Secret")
    assert f"GET {METRICS} 200" in caplog.text
    assert "Secret" not in caplog.text
