"""Which replies of Carto are answers, and what its failures mean."""

from __future__ import annotations

from typing import Any

import pytest
from sources.replies import reply_of, verdict

from li_perf.errors import Busy
from li_perf.sources import carto

LIMITS = "You are over platform's limits"
RATE = {"error": [f"{LIMITS}. Please contact us to know more details"], "context": "limit", "detail": "rate-limit"}
SLOW = {
    "error": [f"{LIMITS}: SQL query timeout error. Refactor your query before running again."],
    "context": "limit",
    "detail": "datasource",
}
LEGACY = {
    "error": "Too Many Requests",
    "message": "You have exceeded the rate limit for /carto-legacy/",
}


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ({"rows": [], "total_rows": 0, "fields": {}}, 0),
        ({"rows": [{"a": 1}], "total_rows": 1, "time": 0.01, "fields": {"a": {"type": "number"}}}, 1),
        ({"rows": [{"a": None}]}, 1),
        ({"rows": [None, [], "x"], "total_rows": 3}, 3),
        ({"rows": [{"a": "NaN"}], "total_rows": 1, "error": None, "new": {}}, 1),
        (b'\xef\xbb\xbf{"rows": []}', 0),
        ({"rows": [{"a": 10**30}], "total_rows": 1}, 1),
    ],
)
def test_a_whole_answer_is_a_result(body: Any, rows: int) -> None:
    result = carto.read(reply_of(200, body))
    assert len(result.rows or []) == rows


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"rows": [{"a": 1}], "total_rows": 1, "error": ["canceling statement due to statement timeout"]}, "Broken"),
        ({"error": ["anything"]}, "Broken"),
        ({"error": "anything", "rows": []}, "Broken"),
        ({"rows": [{"a": 1}], "total_rows": 2}, "Garbled"),
        ({"rows": [{"a": 1}], "total_rows": 0}, "Garbled"),
        ({"rows": None}, "Garbled"),
        ({"rows": {}}, "Garbled"),
        ({"rows": [], "total_rows": "0"}, "Garbled"),
        ({"rows": [], "fields": []}, "Garbled"),
        ({"total_rows": 0}, "Garbled"),
        ({}, "Garbled"),
    ],
)
def test_a_200_that_is_not_whole_is_a_failure(body: Any, kind: str) -> None:
    assert verdict(lambda: carto.read(reply_of(200, body)))[0] == kind


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, RATE, "Busy"),
        (429, SLOW, "TooHeavy"),
        (429, {"error": SLOW["error"]}, "TooHeavy"),
        (429, LEGACY, "Busy"),
        (429, {}, "Busy"),
        (429, {"error": None}, "Busy"),
        (429, b"<html>slow down</html>", "Busy"),
        (400, {"error": ['relation "public_cases_fc" does not exist']}, "Broken"),
        (400, {"error": ['column "service_type" does not exist']}, "ColumnGone"),
        (400, {"error": ["column public_cases_fc.x does not exist"]}, "ColumnGone"),
        (400, {"error": ['syntax error at or near "and"']}, "Rejected"),
        (400, {"error": ["You must indicate a sql query"]}, "Rejected"),
        (400, {"error": ["function foo() does not exist"]}, "Rejected"),
        (400, {}, "Rejected"),
        (400, b"<html>", "Rejected"),
        (401, {"error": ["Unauthorized"]}, "Denied"),
        (403, {"error": ["permission denied for table secrets"]}, "Denied"),
        (403, b"<html>Forbidden</html>", "Blocked"),
        (405, b"<html>captcha</html>", "Blocked"),
        (
            404,
            {
                "error": [
                    "Sorry, we can't find CARTO user 'phl'. Please check that you have entered the correct domain."
                ]
            },
            "Astray",
        ),
        (404, b"<html>", "Astray"),
        (301, b"", "Astray"),
        (500, {"error": ["oops"]}, "Broken"),
        (503, b"<html>", "Broken"),
        (204, b"", "Garbled"),
    ],
)
def test_a_status_has_its_meaning(status: int, body: Any, kind: str) -> None:
    assert verdict(lambda: carto.read(reply_of(status, body)))[0] == kind


@pytest.mark.parametrize("header", [{}, {"retry_after": "-1"}, {"retry_after": "5"}])
def test_a_statements_time_out_is_never_mended_by_waiting(header: dict[str, str]) -> None:
    assert verdict(lambda: carto.read(reply_of(429, SLOW, **header)))[0] == "TooHeavy"


@pytest.mark.parametrize(("header", "wait"), [({}, None), ({"retry_after": "-1"}, None), ({"retry_after": "5"}, 5.0)])
@pytest.mark.parametrize("body", [RATE, LEGACY, b""])
def test_a_rate_limit_waits_as_long_as_it_says(body: Any, header: dict[str, str], wait: float | None) -> None:
    with pytest.raises(Busy) as caught:
        carto.read(reply_of(429, body, **header))
    assert caught.value.wait == wait


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_names_a_setting_that_exists(status: int) -> None:
    _, error = verdict(lambda: carto.read(reply_of(status, {"error": ["permission denied: no api key"]})))
    assert "LI_PERF_CARTO_URL" in str(error)


def test_a_statement_travels_whole_as_a_form() -> None:
    request = carto.request("SELECT 'License & Inspections' -- ; ? #")
    assert (request.method, request.path, request.form) == (
        "POST",
        "",
        {"q": "SELECT 'License & Inspections' -- ; ? #"},
    )
