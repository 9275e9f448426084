"""How a statement is written in Socrata's query language: as parameters of an address (SODA 2), or whole (SODA 3).

Language: dev.socrata.com/docs/queries; every value goes through `literal`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from li_perf.sources.address import address

NAME = re.compile(r":?[a-z_][a-z0-9_]*|:@[a-z0-9_]+")
UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
TRAILING_LIMIT = re.compile(r"(?<=\$limit=)\d+$|(?<= LIMIT )\d+$")
OPERATORS = ("=", ">", ">=", "<")


def literal(text: str) -> str:
    """A text as SoQL: a quote is doubled, nothing else has a meaning.

    Raises ValueError for what no text of a portal holds: NUL, half a surrogate pair.
    """
    if UNWRITABLE.search(text):
        raise ValueError("a value with a NUL or half a surrogate pair cannot be sent to Socrata")
    return "'" + text.replace("'", "''") + "'"


def name(word: str) -> str:
    """A column's name, which never comes from outside; anything unusual is a bug."""
    if not NAME.fullmatch(word):
        raise ValueError(f"not a plain SoQL name: {word!r}")
    return word


def compare(column: str, operator: str, text: str) -> str:
    """A condition on one column; `operator` is one of `=`, `>`, `>=`, `<`."""
    if operator not in OPERATORS:
        raise ValueError(f"not an operator of ours: {operator!r}")
    return f"{name(column)} {operator} {literal(text)}"


def floating(moment: datetime, zone: ZoneInfo) -> str:
    """An instant as a floating timestamp: the publisher's wall clock, without a zone.

    Source: dev.socrata.com/docs/datatypes/floating_timestamp.html. In the hour that is repeated in autumn two
    instants are written alike.
    """
    return moment.astimezone(zone).replace(tzinfo=None).isoformat(timespec="milliseconds")


def between(column: str, since: datetime, until: datetime, zone: ZoneInfo) -> list[str]:
    """The conditions of a column of floating timestamps; `until` is exclusive."""
    return [compare(column, ">=", floating(since, zone)), compare(column, "<", floating(until, zone))]


def behind(key: Sequence[str], values: Sequence[str]) -> str:
    """The rows behind one in the order of `key`: larger in its first column, or equal there and behind in the rest."""
    larger = compare(key[0], ">", values[0])
    if len(key) == 1:
        return larger
    return f"({larger} OR ({compare(key[0], '=', values[0])} AND {behind(key[1:], values[1:])}))"


def by_address(
    table: str, columns: str, *, where: Sequence[str] = (), order: Sequence[str] = (), limit: int | None = None
) -> str:
    """A statement of SODA 2: the clauses as parameters, the limit last."""
    parameters = {"$select": columns}
    parameters |= {"$where": " AND ".join(where)} if where else {}
    parameters |= {"$order": ",".join(map(name, order))} if order else {}
    parameters |= {"$limit": str(int(limit))} if limit is not None else {}
    return address(f"/resource/{table}.json", parameters)


def whole(columns: str, *, where: Sequence[str] = (), order: Sequence[str] = (), limit: int | None = None) -> str:
    """A statement of SODA 3: one text, which does not name its table."""
    parts = [f"SELECT {columns}"]
    parts += [f"WHERE {' AND '.join(where)}"] if where else []
    parts += [f"ORDER BY {', '.join(map(name, order))}"] if order else []
    parts += [f"LIMIT {int(limit)}"] if limit is not None else []
    return " ".join(parts)


def limit_of(statement: str) -> int | None:
    """The limit at the statement's end, None without one."""
    limit = TRAILING_LIMIT.search(statement)
    return int(limit[0]) if limit else None


def halved(statement: str) -> str | None:
    """The statement with half its limit, None where there is none or it is 1."""
    limit = limit_of(statement)
    return TRAILING_LIMIT.sub(str(limit // 2), statement) if limit and limit > 1 else None
