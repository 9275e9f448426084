from __future__ import annotations

import pytest

from li_perf.faces import report_values as values


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (0.0, "0.0 %"),
        (0.0001, "<0.1 %"),
        (0.3111, "31.1 %"),
        (0.9999, ">99.9 %"),
        (1.0, "100.0 %"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(value: float | None, written: str) -> None:
    assert values.share(value) == written


@pytest.mark.parametrize(
    ("value", "written"), [(0.085, "+8.5 pp"), (-0.02, "−2.0 pp"), (-0.0001, "0.0 pp"), (0.0, "+0.0 pp"), (None, "–")]
)
def test_a_difference_has_its_sign(value: float | None, written: str) -> None:
    assert values.points(value) == written


def test_intervals_are_read_in_one_unit() -> None:
    assert values.interval((0.305, 0.317)) == "30.5–31.7 %"
    assert values.interval(None) == "–"
    assert values.points_interval((-0.01, 0.02)) == "−1.0 to +2.0 pp"


@pytest.mark.parametrize(
    ("value", "written"), [(19.0, "19"), (4.125, "4.1"), (0, "0"), (None, "–"), (1234.5, "1,234.5")]
)
def test_a_mean_has_at_most_one_decimal(value: float | None, written: str) -> None:
    assert values.number(value) == written


@pytest.mark.parametrize(
    ("since", "until", "written"),
    [
        ("2025-01-01", "2026-01-01", "1 January to 31 December 2025"),
        ("2024-07-01", "2025-07-01", "1 July 2024 to 30 June 2025"),
        ("2025-03-01", "2025-03-02", "1 March 2025"),
        ("soon", "later", "soon until before later"),
        ("2025-01-01", "0001-01-01", "2025-01-01 until before 0001-01-01"),
    ],
)
def test_a_period_is_said_with_both_ends_included(since: str, until: str, written: str) -> None:
    assert values.period(since, until) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-02-03T04:05:06Z", "3 February 2026, 04:05 UTC"),
        ("2026-02-02T23:05:06-05:00", "3 February 2026, 04:05 UTC"),
        ("2026-02-03T04:05:06", "2026-02-03T04:05:06"),
        ("today", "today"),
    ],
)
def test_an_instant_is_said_in_utc(text: str, written: str) -> None:
    assert values.instant(text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a\x00\t\n\x1b\x7f", "a␀␉␊␛␡"),
        ("x\u202ey\u2028z", "x�y�z"),
        ("\ud83d", "�"),
        ("e\u0301\u0301", "e\u0301\u0301"),
    ],
)
def test_what_hides_is_made_visible(text: str, written: str) -> None:
    assert values.visible(text) == written


def test_of_a_pile_of_accents_three_stay() -> None:
    assert values.visible("e" + "\u0301" * 50 + "f") == "e" + "\u0301" * 3 + "f"


def test_foreign_text_is_cut_and_unknown_is_a_dash() -> None:
    assert values.short("abcdef", 4) == "abc…"
    assert values.short(None) == values.short("") == values.short("   ") == "–"


def test_windows_sort_by_their_days() -> None:
    assert sorted(["M3(120)", "M3(30)", "L0", "M1"], key=values.natural) == ["L0", "M1", "M3(30)", "M3(120)"]


@pytest.mark.parametrize(("key", "name"), [("new_york", "New York"), ("Saint-Denis", "Saint-Denis"), ("", "–")])
def test_a_city_is_named(key: str, name: str) -> None:
    assert values.place_name(key) == name
