"""Each check passes on sound tables, and fails on a table that breaks just its rule."""

from __future__ import annotations

import pytest

from li_perf.analysis.checks import checks, plausible
from li_perf.analysis.findings import Headline

NAMES = [
    "M3 <= M2 <= M1",
    "M4 <= M3",
    "M5 <= M3",
    "M6 <= M3",
    "Levels at a parcel need a parcel",
    "M6 <= M4",
    "M6 credits a case once",
    "No violation before its request in M2 to M6",
    "Address outcomes add up to all requests",
    "Each request is counted once",
    "At most 67 % matched",
]


def headline(share):
    return Headline(
        level="M3(60)",
        share=share,
        definition="",
        denominator="",
        numerator=0,
        denominator_count=0,
        share_all=share,
        interval=None,
        cluster_interval=None,
    )


@pytest.fixture
def tables(world):
    """Two requests matched by one case, which credits the later one, and a request with nothing."""
    world.request("early", 0)
    world.request("late", 10)
    world.request("none", 0, accounts=("p2",))
    world.violation(20, case="c")
    world.violation(21, case="c")
    return world.matched()


def test_sound_tables_pass_every_check(tables):
    found = checks(tables.rows, headline(0.3))
    assert [check.name for check in found] == NAMES
    assert [check.name for check in found if not check.passed] == []


@pytest.mark.parametrize(
    ("damage", "failing"),
    [
        ("update request_level set m2 = false where service_request_id = 'early'", {"M3 <= M2 <= M1"}),
        ("update request_level set m1 = false where service_request_id = 'early'", {"M3 <= M2 <= M1"}),
        ("update request_level set m4 = true where service_request_id = 'none'", {"M4 <= M3"}),
        ("update request_level set m5 = true where service_request_id = 'none'", {"M5 <= M3"}),
        ("update request_level set m6 = true where service_request_id = 'none'", {"M6 <= M3"}),
        ("update request_level set located = false, b = true where not m1", {"Levels at a parcel need a parcel"}),
        ("update request_level set m4 = false", {"M6 <= M4"}),
        ("update pair set is_m6 = true", {"M6 credits a case once"}),
        ("update pair set lag_days = -1 where is_m6", {"No violation before its request in M2 to M6"}),
        ("update pair set lag_days = null where is_m6", {"No violation before its request in M2 to M6"}),
        ("update request_level set address_outcome = null where not m1", {"Address outcomes add up to all requests"}),
        ("update request_level set address_outcome = 'new' where not m1", {"Address outcomes add up to all requests"}),
        ("delete from request_level where service_request_id = 'none'", {"Each request is counted once"}),
        ("insert into request_level select * from request_level where not m1", {"Each request is counted once"}),
    ],
)
def test_a_broken_table_fails_just_its_check(tables, damage, failing):
    tables.run(damage)
    assert {check.name for check in checks(tables.rows, headline(0.3)) if not check.passed} == failing


@pytest.mark.parametrize(("share", "passed"), [(None, True), (0.0, True), (0.67, True), (0.671, False)])
def test_more_than_two_thirds_matched_is_a_warning(share, passed):
    check = plausible(headline(share))
    assert check.passed is passed
    assert ("Warning" in check.detail) is not passed


def test_a_request_closed_long_before_may_be_credited_and_the_check_says_why(world):
    world.request("r", 0, closed=1)
    world.violation(30)
    (check,) = [check for check in checks(world.matched().rows, headline(0.3)) if not check.passed]
    assert check.name == "M6 <= M4"
    assert "1 against 0" in check.detail
    assert "closing dates" in check.detail
