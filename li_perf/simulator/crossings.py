"""How AIS reads two streets joined by "&", "and", "at", "@" or "/"."""

from __future__ import annotations

import re

from li_perf.simulator.addresses import Answer, Refusal
from li_perf.simulator.streets import BY_FULL_NAME, STREETS, Street
from li_perf.simulator.unknown import crossing_of, no_crossing_of

_JOINT = re.compile(r"\s*(?:[&@/]|\bAND\b|\bAT\b)\s*")
_DIRECTIONS = {"N", "S", "E", "W"}
_SUFFIXES = {"ST", "AVE", "BLVD", "RD", "DR", "LN", "PL"}


def crossings(text: str) -> Answer | Refusal | None:
    """An answer for two known streets that cross, a refusal for anything else that is joined so; None if nothing is.

    "1234/36 MARKET ST" and "N/A" are taken for intersections, too.
    """
    first, joint, second = _halves(text)
    if not joint:
        return None
    found = [
        crossing_of(one, other)
        for one in _streets(first)
        for other in _streets(second)
        if (one.heading in "NS") != (other.heading in "NS")
    ]
    if not found:
        return no_crossing_of(_name(first), _name(second))
    normalized = found[0].text if len(found) == 1 else f"{_name(first)} & {_name(second)}"
    return Answer(search_type="intersection", normalized=normalized, features=tuple(found))


def _halves(text: str) -> tuple[str, str, str]:
    joint = _JOINT.search(text.replace(" 1/2", ""))
    if joint is None:
        return text, "", ""
    return text[: joint.start()], joint.group(), text[joint.end() :]


def _streets(text: str) -> list[Street]:
    """A full name is one street; a bare number is every half of it; another bare name its first half."""
    if street := BY_FULL_NAME.get(text):
        return [street]
    named = [street for street in STREETS if street.name == text]
    return named if text[:1].isdigit() else named[:1]


def _name(text: str) -> str:
    words = [word for word in text.split() if word not in _SUFFIXES] or [text]
    if len(words) > 1 and words[0] in _DIRECTIONS:
        words = words[1:]
    return " ".join(word for word in words if not word.isdigit()) or words[0]
