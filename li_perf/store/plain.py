"""Rows that DuckDB can read by itself: what a city says of its plain ones, in the words of `cities.reading`.

A city's reading function says what every row means. Nearly all rows of a large portal are plain: texts are ASCII,
trimmed and not empty, times have one form of ISO 8601 and lie on days without a change of clocks. Of those alone a city
may say the same in these words, each of which is SQL over columns that hold JSON; any other row goes to the function.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from itertools import chain
from zoneinfo import ZoneInfo

from li_perf.model import Ticket
from li_perf.store.lake_shape import POINT, TICKET
from li_perf.store.query import literal

# As JSON, one behind the other. Inside of a text there may be blanks, at its ends not.
_INK = r'(?:[!#-\[\]-~]|\\["\\/])'
_TEXTS = rf'(?:"{_INK}(?:(?:[ !#-\[\]-~]|\\["\\/bfnrt])*{_INK})?")*'
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}"
_DEGREES = r"-?(?:1[0-7][0-9]|[0-9]{1,2})\.[0-9]{1,17}", r"-?[0-8]?[0-9]\.[0-9]{1,17}"
LONGEST_TEXTS = 100_000  # bytes, of a row's texts together


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """SQL for a ticket's value; the columns of texts and times that it is made of, and what else must hold for it."""

    sql: str
    texts: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """How the plain rows of a table read: each column of a ticket, `lon` and `lat` instead of its point.

    The table's pages must be JSON arrays of rows, none of which a page repeats. `zone` is that of its times.
    """

    zone: ZoneInfo
    values: Mapping[str, Value]

    @property
    def times(self) -> tuple[str, ...]:
        """The table's columns of times."""
        return _once(value.times for value in self.values.values())

    @property
    def holds(self) -> tuple[str, ...]:
        """What must hold for a row to be plain."""
        texts = _once(value.texts for value in self.values.values())
        days = (f"({name} is null or {offset(name)} is not null)" for name in self.times)
        forms = (_matches(texts, _TEXTS), _is_short(texts), _matches(self.times, f'(?:"{_TIME}")*'))
        return (*forms, *days, *_once(value.holds for value in self.values.values()))

    def sql(self, name: str) -> str:
        """A ticket's value; its model's own where the city has none. Raises KeyError where there is none either."""
        value = self.values.get(name)
        return f"cast({value.sql if value else _default(name)} as {TICKET[name]})"


def text(column: str) -> Value:
    """Text, null for nothing."""
    return Value(sql=f"({column}->>'$')", texts=(column,))


def known(column: str, unknown: Collection[str]) -> Value:
    """Text, null for nothing and for the words that say so."""
    word = text(column)
    return Value(sql=f"case when not {is_any(word, unknown)} then {word.sql} end", texts=word.texts)


def identifier(column: str) -> Value:
    """Text that must be there; one that could be a number sent as a float is not plain."""
    word = text(column)
    return Value(sql=word.sql, texts=word.texts, holds=(f"not ends_with({word.sql}, '.0')",))


def five_digits(word: Value) -> Value:
    """The first five characters of a ZIP code."""
    is_whole = f"coalesce(not ends_with({word.sql}, '.0'), true)"
    return Value(sql=f"left({word.sql}, 5)", texts=word.texts, holds=(is_whole,))


def is_any(word: Value, words: Collection[str]) -> str:
    """Whether a text is one of these, which are in lower case: SQL."""
    return f"lower({word.sql}) in ({', '.join(literal(each) for each in sorted(words))})"


def moment(column: str) -> Value:
    """The instant of a local time."""
    return Value(sql=f"{wall(column)} - {offset(column)}", times=(column,))


def moment_but_midnight(column: str) -> Value:
    """The instant of a local time, null where that is midnight."""
    is_day = f"{wall(column)} = date_trunc('day', {wall(column)})"
    return Value(sql=f"case when not {is_day} then {moment(column).sql} end", times=(column,))


def day(column: str) -> Value:
    """The local day of a local time."""
    return Value(sql=f"cast({wall(column)} as date)", times=(column,))


def required(value: Value) -> Value:
    """The same, where it must be there."""
    there = (f"{column} is not null" for column in (*value.texts, *value.times))
    return Value(sql=value.sql, texts=value.texts, times=value.times, holds=(*value.holds, *there))


def degrees(*, lon: str, lat: str, place: str) -> dict[str, Value]:
    """A position of two columns, null where neither of them is there nor a `place` instead."""
    nowhere = f"({lon} is null and {lat} is null and {place} is null)"
    both = _matches((lon, lat), "".join(f'"{form}"' for form in _DEGREES))
    number = "try_cast({}->>'$' as double)"
    return {
        name: Value(sql=number.format(column), holds=(f"({nowhere} or {both})",))
        for name, column in (("lon", lon), ("lat", lat))
    }


def wall(column: str) -> str:
    """The name under which a column's local time is known."""
    return f"wall_{column}"


def offset(column: str) -> str:
    """The name under which the offset of its day is known, null where clocks change on that day."""
    return f"offset_{column}"


def _matches(columns: Sequence[str], form: str) -> str:
    return f"regexp_full_match(concat({', '.join(columns)}), {literal(form)})"


def _is_short(columns: Sequence[str]) -> str:
    return f"strlen(concat({', '.join(columns)})) < {LONGEST_TEXTS}"


def _once(names: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(names)))


def _default(name: str) -> str:
    value = None if name in POINT else next(field.default for field in fields(Ticket) if field.name == name)
    if value is MISSING:
        raise KeyError(name)
    return "null" if value is None else literal(value)
