"""How a value is written in a report: the same way in text and in HTML. What is unknown is a dash, never 0."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import UTC, date, datetime, timedelta

DASH = "–"
ELLIPSIS = "…"
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})


def count(value: int | None) -> str:
    """28388 -> "28,388"."""
    return DASH if value is None else f"{value:,}"


def share(value: float | None) -> str:
    """0.3111 -> "31.1 %"; a share that rounding would turn into nothing or all says so."""
    if value is None or not math.isfinite(value):
        return DASH
    if 0 < value < 0.0005:
        return "<0.1 %"
    if 0.9995 <= value < 1:
        return ">99.9 %"
    return f"{_signed(value * 100, '.1f')} %"


def points(value: float | None) -> str:
    """A difference of shares in percentage points: 0.085 -> "+8.5 pp"."""
    return DASH if value is None or not math.isfinite(value) else f"{_signed(value * 100, '+.1f')} pp"


def interval(pair: tuple[float, float] | None) -> str:
    """(0.305, 0.317) -> "30.5–31.7 %"."""
    if pair is None or not all(map(math.isfinite, pair)):
        return DASH
    return f"{_signed(pair[0] * 100, '.1f')}–{_signed(pair[1] * 100, '.1f')} %"


def points_interval(pair: tuple[float, float] | None) -> str:
    """(-0.01, 0.02) -> "−1.0 to +2.0 pp"."""
    if pair is None or not all(map(math.isfinite, pair)):
        return DASH
    return f"{_signed(pair[0] * 100, '+.1f')} to {_signed(pair[1] * 100, '+.1f')} pp"


def number(value: float | None) -> str:
    """A length of time or a mean, with at most one decimal: 19.0 -> "19", 4.125 -> "4.1"."""
    if value is None or not math.isfinite(value):
        return DASH
    return _signed(value, ",.1f").removesuffix(".0")


def plural(value: int, noun: str) -> str:
    """(1, "request") -> "1 request"; (2, "request") -> "2 requests"."""
    return f"{count(value)} {noun}" if value == 1 else f"{count(value)} {noun}s"


def part(numerator: int, denominator: int) -> str:
    """ "7,712 of 24,798"."""
    return f"{count(numerator)} of {count(denominator)}"


def divide(numerator: int, denominator: int) -> float | None:
    """A share, or None where there is nothing to divide by."""
    return numerator / denominator if denominator else None


def visible(text: str) -> str:
    """Control characters as their pictures (␀ ␉ ␊ …), other invisible ones, bidirectional marks and surrogates as �.

    Of a pile of accents three stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_seen(char) for index, char in enumerate(text) if not _is_stacked(text, index))


def short(text: str | None, limit: int = 60) -> str:
    """Foreign text on one line, cut to `limit` characters; unknown or empty is a dash."""
    seen = visible(text[: limit + 1]).strip() if text else ""
    return DASH if not seen else seen if len(seen) <= limit else seen[: limit - 1] + ELLIPSIS


def sentence(text: str, limit: int = 320) -> str:
    """Foreign prose, cut to `limit` characters, ending in a full stop."""
    cut = short(text, limit)
    return cut if cut.endswith((".", "!", "?", ELLIPSIS, DASH)) else cut + "."


def place_name(city: str) -> str:
    """ "new_york" -> "New York"; a name that has capitals already stays."""
    return short(city.replace("_", " ").title() if city.islower() else city)


def period(since: str, until: str) -> str:
    """Both ends included, as people say it; `until` is exclusive."""
    try:
        first, last = date.fromisoformat(since), date.fromisoformat(until) - timedelta(days=1)
    except (ValueError, OverflowError):
        return f"{short(since)} until before {short(until)}"
    begin = _day(first).removesuffix(f" {last.year}") if first.year == last.year else _day(first)
    return _day(last) if first == last else f"{begin} to {_day(last)}"


def instant(text: str) -> str:
    """An ISO time as people say it, in UTC: "3 February 2026, 04:05 UTC"; other text stays as it is."""
    try:
        moment = datetime.fromisoformat(text)
        utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return short(text)
    return short(text) if moment.tzinfo is None else f"{_day(utc.date())}, {utc:%H:%M} UTC"


def month_name(month: str) -> str:
    """ "2025-07" -> "July 2025"; other text stays as it is."""
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month):
        return short(month, 12)
    return f"{MONTHS[int(month[5:]) - 1]} {month[:4]}"


def natural(text: str) -> list[tuple[int, str]]:
    """Sort key under which "M3(30)" comes before "M3(120)"."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"([0-9]+)", text)]


def _day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _signed(value: float, form: str) -> str:
    text = format(value, form)
    return text.replace("-", "" if not text.strip("-0.,") else "−")


def _is_stacked(text: str, index: int) -> bool:
    # A fourth accent on one letter writes over its neighbours; no language needs it.
    return index >= 3 and all(map(unicodedata.combining, text[index - 3 : index + 1]))


def _seen(char: str) -> str:
    if char < " ":
        return chr(0x2400 + ord(char))
    return ("␡" if char == "\x7f" else "�") if unicodedata.category(char) in _HIDDEN else char
