"""Every HTTP status and every form of Retry-After, from a real server to the verdict."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from aiohttp import web
from catalogue.servers import (
    BAD,
    GOOD,
    Fault,
    ask_all,
    asked,
    everybody,
    fine,
    first,
    found,
    missing,
    only,
    rows,
    sends,
    stopped_by,
)
from engine.local import most_in_a_second
from engine.virtual import in_virtual_time, now

from li_perf.engine.verdict import Verdict
from li_perf.errors import Denied, Outage
from li_perf.sources import ais
from li_perf.sources.ais_answer import Missing

HTML = "<!doctype html><title>Busy</title>"
MIXED = [*GOOD[:20], BAD, *GOOD[20:]]
# status, body -> reason, calls, where one question alone gets it
OF_ONE = {
    **{f"{code}": (sends(HTML, code), "server_error", 5) for code in (408, 500, 502, 503, 504, 520, 599)},
    **{f"{code}": (sends(HTML, code), "rejected", 1) for code in (400, 402, 406, 410, 414, 418, 422, 431, 451)},
    **{f"{code}": (sends(b"", code), "garbled", 5) for code in (204, 226)},
    "206": (sends(found(BAD), 206), "garbled", 5),
    "201": (sends(found(BAD), 201), "garbled", 5),
    **{f"{code}": (sends(b"", code, Location="/x"), "astray", 5) for code in (300, 301, 302, 303, 307, 308)},
    "403 of a firewall": (sends(HTML, 403), "blocked", 5),
    "405 of a firewall": (sends(HTML, 405), "blocked", 5),
    "404 in HTML": (sends(HTML, 404), "astray", 5),
    "404 without details": (sends({"status": 404, "message": None, "details": None}, 404), "astray", 5),
    "404 Invalid query.": (sends(missing(BAD, "Invalid query."), 404), "server_error", 5),
    "404 Invalid query. with parameters": (
        sends(missing(BAD, "Invalid query.", search_params={}), 404),
        "server_error",
        2,
    ),
}


@pytest.mark.parametrize(("fault", "reason", "calls"), OF_ONE.values(), ids=OF_ONE.keys())
def test_a_status_that_one_address_gets_is_charged_to_it_alone(fault: Fault, reason: str, calls: int) -> None:
    @in_virtual_time
    async def run() -> None:
        async with asked(only(BAD, fault)) as (server, asker):
            results = await ask_all(asker, MIXED)
        assert {name: failed.fault.reason for name, failed in results.failed.items()} == {BAD: reason}
        assert results.failed[BAD].attempts == server.names.count(BAD) == calls
        assert results.verdicts == {Verdict.OK: len(GOOD), Verdict.ITEM: calls}
        assert results.openings == 0
        assert all(server.names.count(name) == 1 for name in GOOD)

    run()


@pytest.mark.parametrize(("fault", "reason", "calls"), OF_ONE.values(), ids=OF_ONE.keys())
def test_a_status_that_everybody_gets_for_ten_minutes_is_charged_to_nobody(
    fault: Fault, reason: str, calls: int
) -> None:
    @in_virtual_time
    async def run() -> None:
        start = now()
        async with asked(everybody(fault, after=2.0, seconds=600.0)) as (server, asker):
            results = await ask_all(asker)
        assert results.failed == {}
        assert results.openings == 1
        assert results.verdicts[Verdict.STOP] == 0
        assert len([at for at in server.times if start + 2 <= at < start + 602]) <= 60

    run()


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_a_status_that_passes_costs_one_more_call(code: int) -> None:
    @in_virtual_time
    async def run() -> None:
        async with asked(first(sends(HTML, code)), retry_share=1.0) as (server, asker):
            results = await ask_all(asker, GOOD[:5], workers=1)
        assert {answer.attempts for answer in results.answers.values()} == {2}
        assert len(server.asked) == 10

    run()


OF_CARTO = {
    "429 that says datasource": (sends({"error": ["You are over the limits"], "detail": "datasource"}, 429), 1),
    "429 without a word of waiting": (sends({"error": ["Your query timed out"]}, 429), 1),
    "400 of a statement": (sends({"error": ['syntax error at or near "and"']}, 400), 1),
    "400 of a column": (sends({"error": ['column "lat" does not exist']}, 400), 1),
    "400 of a table that is being replaced": (sends({"error": ['relation "violations" does not exist']}, 400), 5),
    "200 with rows and an error": (sends(rows({"a": 1}, error=["canceling statement"])), 5),
    "200 with fewer rows than it counts": (sends(rows({"a": 1}, total_rows=2)), 5),
    "404 in HTML": (sends(HTML, 404), 5),
}


@pytest.mark.parametrize(("fault", "calls"), OF_CARTO.values(), ids=OF_CARTO.keys())
def test_what_carto_says_of_one_statement_is_charged_to_it_alone(fault: Fault, calls: int) -> None:
    @in_virtual_time
    async def run() -> None:
        start = now()
        async with asked(only(BAD, fault), "Carto") as (server, asker):
            results = await ask_all(asker, MIXED)
        assert set(results.failed) == {BAD}
        assert server.names.count(BAD) == calls
        assert results.verdicts == {Verdict.OK: len(GOOD), Verdict.ITEM: calls}
        others = [at for at, name in server.asked if name in GOOD]
        assert max(others) - start < len(MIXED) / 10 + 2, "nobody else was slowed down"

    run()


KEYS = {
    "401": sends(b"", 401),
    "401 in HTML": sends(HTML, 401),
    "403 that speaks of the key": sends({"success": False, "message": "provided gatekeeper key is invalid"}, 403),
    "403 of an expired one": sends({"success": False, "message": "API-Key expired"}, 403),
}


@pytest.mark.parametrize("fault", KEYS.values(), ids=KEYS.keys())
def test_a_refused_key_stops_the_run_within_the_calls_in_flight(fault: Fault) -> None:
    @in_virtual_time
    async def run() -> None:
        async with asked(everybody(fault, after=1.0, seconds=9e9)) as (server, asker):
            start = now()
            stop = await stopped_by(asker, workers=8)
        assert isinstance(stop, Denied)
        assert "LI_PERF_AIS_KEY" in str(stop)
        assert "li-perf resume" in str(stop)
        assert len([at for at in server.times if at >= start + 1]) <= 8
        assert asker.verdicts[Verdict.STOP] >= 1
        assert asker.verdicts[Verdict.ITEM] == 0

    run()


OF_CARTOS_RIGHTS = {
    "401": sends({"error": ["Unauthorized"]}, 401),
    "403 that denies a table": sends({"error": ["permission denied for relation violations"]}, 403),
}


@pytest.mark.parametrize("fault", OF_CARTOS_RIGHTS.values(), ids=OF_CARTOS_RIGHTS.keys())
def test_what_carto_does_not_let_us_read_stops_the_run(fault: Fault) -> None:
    @in_virtual_time
    async def run() -> None:
        async with asked(everybody(fault, after=1.0, seconds=9e9), "Carto") as (_, asker):
            stop = await stopped_by(asker)
        assert isinstance(stop, Denied)
        assert "LI_PERF_CARTO_URL" in str(stop)
        assert asker.verdicts[Verdict.ITEM] == 0

    run()


@pytest.mark.parametrize("street", ["4100 KEYSTONE ST", "1 TURKEY LN", "MONKEY"])
def test_a_firewall_that_repeats_an_address_does_not_speak_of_a_key(street: str) -> None:
    @in_virtual_time
    async def run() -> None:
        fault = sends({"message": f"Request blocked: /search/{street}"}, 403)
        async with asked(only(street, fault)) as (_, asker):
            results = await ask_all(asker, [*GOOD, street])
        assert {failed.fault.reason for failed in results.failed.values()} == {"blocked"}

    run()


@in_virtual_time
async def test_a_firewall_that_dislikes_one_address_is_found_out_by_a_known_good_one() -> None:
    async with asked(only(BAD, sends(HTML, 403))) as (server, asker):
        await ask_all(asker, MIXED)
    after = server.names[server.names.index(BAD) + 1 :]
    assert ais.KNOWN_GOOD in after[:2]


LOOKED = [
    "Could not find any addresses matching query.",
    "Could not find any opa addresses matching query.",
    "Not a valid address.",
    "Query exceeds character limit.",
    "Could not parse query.",
    "Query not recognized.",
]


@pytest.mark.parametrize("message", LOOKED)
def test_a_404_of_ais_about_our_question_is_an_answer_after_one_call(message: str) -> None:
    @in_virtual_time
    async def run() -> None:
        async with asked(only(BAD, sends(missing(BAD, message), 404))) as (server, asker):
            results = await ask_all(asker, MIXED)
        assert isinstance(results.answers[BAD].value, Missing)
        assert server.names.count(BAD) == 1

    run()


# What a server may say, and how long everybody is silent then.
WAITS = {
    "seconds": ("120", 120),
    "with blanks": (" 120 ", 120),
    "none": ("0", 0),
    "an hour less a bit": ("1799", 1799),
}
ABSENT = ["", "soon", "-3", "1e9", "1.5", "nan", "inf", "1_000", "+5", "120, 240", "Mon, 06 Oct 2025 99:00:30 GMT"]
ABSENT += ["06 Oct 99999999999999999999 10:00:00 GMT"]


def silence(times: list[float], after: float) -> float:
    """The longest pause between requests from `after` on."""
    late = [at for at in times if at >= after]
    return max((b - a for a, b in pairwise(late)), default=0.0)


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize(("text", "seconds"), WAITS.values(), ids=WAITS.keys())
def test_everybody_waits_as_many_seconds_as_the_server_says(text: str, seconds: int, code: int) -> None:
    @in_virtual_time
    async def run() -> None:
        start = now()
        async with asked(everybody(sends(b"", code, Retry_After=text), after=2.0, seconds=0.3)) as (server, asker):
            results = await ask_all(asker)
        assert results.failed == {}
        assert results.verdicts[Verdict.ITEM] <= (0 if code == 429 else 8)
        assert seconds <= silence(server.times, start + 1) <= seconds + 8
        assert most_in_a_second(server.times) <= 11, "no herd when the wait is over"

    run()


@pytest.mark.parametrize("hours", [-5, 0, 5])
@pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])
def test_a_date_is_read_by_the_servers_own_clock_however_wrong_ours_is(hours: int, form: str) -> None:
    @in_virtual_time
    async def run() -> None:
        theirs = datetime.now(UTC) + timedelta(hours=hours)
        until = (theirs + timedelta(seconds=300)).strftime(form)
        fault = sends(b"", 429, Date=format_datetime(theirs, usegmt=True), Retry_After=until)
        start = now()
        async with asked(everybody(fault, after=2.0, seconds=0.3)) as (server, asker):
            await ask_all(asker)
        assert 298 <= silence(server.times, start + 1) <= 308

    run()


@pytest.mark.parametrize("text", [None, *ABSENT])
def test_without_a_readable_wait_it_is_a_short_one_of_our_own(text: str | None) -> None:
    @in_virtual_time
    async def run() -> None:
        header = {} if text is None else {"Retry_After": text}
        start = now()
        async with asked(everybody(sends(b"", 429, **header), after=2.0, seconds=5.0)) as (server, asker):
            results = await ask_all(asker)
        assert results.failed == {}
        assert results.verdicts[Verdict.ITEM] == 0
        assert silence(server.times, start + 1) <= 60
        refused = [at for at in server.times if start + 2 <= at < start + 7]
        assert len(refused) <= 30, "slower than before"

    run()


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize(
    ("text", "said"),
    [("7200", "2 h"), ("100000", "27 h 47 min"), ("1000000000", "11574 days"), ("9" * 400, "11574 days")],
)
def test_a_wait_above_the_limit_stops_the_run_and_says_how_long_it_is(text: str, said: str, code: int) -> None:
    @in_virtual_time
    async def run() -> None:
        start = now()
        async with asked(everybody(sends(b"", code, Retry_After=text), after=2.0, seconds=9e9)) as (server, asker):
            stop = await stopped_by(asker)
            assert now() - start < 10
        assert isinstance(stop, Outage)
        assert f"asks us to wait {said}." in str(stop)
        assert "li-perf resume" in str(stop)
        assert len([at for at in server.times if at >= start + 2]) <= 9

    run()


@in_virtual_time
async def test_a_wait_above_the_limit_that_one_address_gets_holds_nobody_up() -> None:
    start = now()
    async with asked(only(BAD, sends(HTML, 503, Retry_After="86400"))) as (server, asker):
        results = await ask_all(asker, MIXED)
    assert set(results.failed) == {BAD}
    assert max(at for at, name in server.asked if name in GOOD) - start < 60


@pytest.mark.parametrize(("text", "seconds"), [("5", 5), ("-1", 0), ("1e9", 0)])
def test_a_wait_that_comes_with_an_answer_keeps_the_answer_and_delays_the_next_call(text: str, seconds: int) -> None:
    @in_virtual_time
    async def run() -> None:
        async def behave(name: str) -> web.StreamResponse:
            reply = fine(name)
            reply.headers["Retry-After"] = text if name == GOOD[5] else "-1"
            return reply

        async with asked(behave, "Carto") as (server, asker):
            results = await ask_all(asker, GOOD[:10], workers=1)
        assert {answer.attempts for answer in results.answers.values()} == {1}
        assert seconds <= silence(server.times, 0) <= seconds + 0.2

    run()
