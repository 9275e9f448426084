"""Faults as a command line writes them."""

from __future__ import annotations

import pytest

from li_perf.simulator.faults import Faults, Outage
from li_perf.simulator.weather import Mishap, Rate, Weather


def test_a_line_of_faults_is_read() -> None:
    read = Faults.parse(
        "latency=0.05, errors=0.02,outage=5-20:db_down,outage=30-40:hang@carto,denied,poison=1 A ST|2 b st"
    )
    assert read == Faults(
        latency=0.05,
        error_share=0.02,
        denied=True,
        poison=frozenset({"1 A ST", "2 b st"}),
        outages=(
            Outage(start_s=5, end_s=20, kind="db_down"),
            Outage(start_s=30, end_s=40, kind="hang", server="carto"),
        ),
    )


def test_an_empty_line_is_no_fault() -> None:
    assert Faults.parse("") == Faults()


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("ais_rate=10", "ais_rate", 10.0),
        ("carto_rate=4.5", "carto_rate", 4.5),
        ("resets=0.1", "reset_share", 0.1),
        ("garbage=0.1", "garbage_share", 0.1),
        ("invalid_share=0.1", "invalid_share", 0.1),
        ("drift=0.1", "drift_share", 0.1),
        ("mixup=0.1", "mixup_share", 0.1),
        ("slow=1", "slow_share", 1.0),
        ("slow_seconds=9", "slow_seconds", 9.0),
        ("partial=0.5", "carto_partial_share", 0.5),
        ("timeout_rows=500", "carto_timeout_rows", 500),
        ("swap=3", "swap_after_pages", 3),
        ("drop=lat|lon", "drop_columns", frozenset({"lat", "lon"})),
        ("add=ward", "add_columns", frozenset({"ward"})),
        ("drop_table=complaints", "drop_tables", frozenset({"complaints"})),
        ("prefill_lies=0.02", "lie_share", 0.02),
        ("denied=no", "denied", False),
        ("seed=7", "seed", 7),
    ],
)
def test_every_fault_has_a_name(text: str, field: str, value: object) -> None:
    assert getattr(Faults.parse(text), field) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("latancy=1", "did you mean 'latency'"),
        ("eror=1", "did you mean 'errors'"),
        ("zzzzzz", "known are"),
        ("errors=2", "between 0 and 1"),
        ("latency=-1", "negative"),
        ("latency=soon", "latency=soon"),
        ("outage=5-20:fire", "refuse_503"),
        ("outage=5:hang", "outage"),
        ("denied=perhaps", "yes or no"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_helps(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Faults.parse(text)


def test_a_rate_lets_a_seconds_worth_through_at_once_and_then_one_a_step() -> None:
    rate = Rate(10.0)
    assert [rate.wait(100.0) == 0 for _ in range(11)] == [True] * 10 + [False]
    assert rate.wait(100.0) == pytest.approx(0.1)
    assert rate.remaining(100.0) == 0
    assert rate.wait(100.1) == 0
    assert rate.wait(100.1) > 0


def test_an_outage_has_a_beginning_an_end_and_a_server() -> None:
    now = [1000.0]
    weather = Weather(Faults.parse("outage=5-20:hang@carto,outage=5-20:db_down"), lambda: now[0])
    found = []
    for at in (1004.9, 1005.0, 1019.9, 1020.0):
        now[0] = at
        found.append(tuple(outage and outage.kind for outage in (weather.outage("ais"), weather.outage("carto"))))
    assert found == [(None, None), ("db_down", "hang"), ("db_down", "hang"), (None, None)]


def test_shares_are_kept_and_the_dice_are_seeded() -> None:
    faults = Faults(error_share=0.2, reset_share=0.1, invalid_share=0.1)
    one, same = (Weather(faults, lambda: 0.0) for _ in range(2))
    drawn = [one.mishap("ais", "1 MARKET ST") for _ in range(5000)]
    assert drawn == [same.mishap("ais", "1 MARKET ST") for _ in range(5000)]
    assert drawn.count(Mishap.ERROR) / 5000 == pytest.approx(0.2, abs=0.02)
    assert drawn.count(Mishap.RESET) / 5000 == pytest.approx(0.1, abs=0.02)
    assert Mishap.INVALID not in [one.mishap("carto", "select 1") for _ in range(500)]


def test_what_befalls_a_question_does_not_depend_on_what_others_ask_meanwhile() -> None:
    faults = Faults(error_share=0.3, seed=4)
    alone, among = (Weather(faults, lambda: 0.0) for _ in range(2))
    questions = [f"{number} MARKET ST" for number in range(40)]
    found = [alone.mishap("ais", question) for question in questions]
    assert found == [among.mishap("ais", question) for question in reversed(questions)][::-1]
    assert set(found) == {None, Mishap.ERROR}
    other = Weather(Faults(error_share=0.3, seed=5), lambda: 0.0)
    assert found != [other.mishap("ais", question) for question in questions]
