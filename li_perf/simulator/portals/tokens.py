"""The words of the portals' query languages: texts, numbers, moments, names and signs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_PLAIN, _ESCAPED = r"'(?:[^']|'')*'", r"'(?:[^'\\]|\\.)*'"
_TOKEN = (
    r"\s*(?:(?P<dated>date|timestamp)\s*'(?P<moment>[^']*)'"
    r"|(?P<single>{single})|(?P<double>\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>:?@?[A-Za-z_][A-Za-z0-9_]*)|(?P<sign><=|>=|<>|!=|[=<>(),]))"
)


class Malformed(ValueError):
    """No condition of the language."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A literal that says itself that it is a time."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How texts escape a quote, and whether times are literals of their own (which a bare text then is not)."""

    has_backslashes: bool = False
    has_moments: bool = False


SOQL = Dialect()
ODSQL = Dialect(has_backslashes=True, has_moments=True)
LAYER_SQL = Dialect(has_moments=True)


def tokens_of(text: str, dialect: Dialect) -> list[tuple[str, Any]]:
    """Each with its kind: `value`, `word` or `sign`. Raises Malformed."""
    found, at, text = [], 0, text.rstrip()
    pattern = re.compile(_TOKEN.replace("{single}", _ESCAPED if dialect.has_backslashes else _PLAIN), re.IGNORECASE)
    while at < len(text):
        token = pattern.match(text, at)
        if not token:
            raise Malformed(f"unexpected {text[at : at + 20]!r}")
        found.append(_token(token, dialect))
        at = token.end()
    return found


def _token(token: re.Match[str], dialect: Dialect) -> tuple[str, Any]:
    if token["dated"]:
        if not dialect.has_moments:
            raise Malformed(f"unexpected {token[0]!r}")
        return "value", Moment(token["moment"])
    if token["single"] or token["double"]:
        return "value", _text(token["single"] or token["double"], dialect)
    if token["number"]:
        return "value", float(token["number"]) if "." in token["number"] else int(token["number"])
    return ("word", token["word"]) if token["word"] else ("sign", token["sign"])


def _text(written: str, dialect: Dialect) -> str:
    if dialect.has_backslashes:
        return re.sub(r"\\(.)", r"\1", written[1:-1])
    if written[0] == '"':
        raise Malformed(f"unexpected {written!r}")
    return written[1:-1].replace("''", "'")
