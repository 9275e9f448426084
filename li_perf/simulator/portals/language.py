"""The part of the portals' query languages that filters rows: conditions, turned into SQL with its values apart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from li_perf.simulator.portals.columns import Column, Kind
from li_perf.simulator.portals.tokens import Dialect, Malformed, Moment, tokens_of

_SIGNS = ("=", "<>", "!=", "<", "<=", ">", ">=")


class Unknown(ValueError):
    """A column that the data set does not have; the text is its name."""


def condition(text: str, columns: Mapping[str, Column], dialect: Dialect) -> tuple[str, list[Any]]:
    """The condition as SQL over `base`, and its values. Raises Malformed or Unknown."""
    reader = _Reader(tokens_of(text, dialect), columns)
    sql = reader.either()
    reader.end()
    return sql, reader.values


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[tuple[str, Any]], columns: Mapping[str, Column]) -> None:
        self._tokens = tokens
        self._columns = columns
        self._at = 0
        self.values: list[Any] = []

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise Malformed(f"unexpected {self._tokens[self._at][1]!r}")

    def either(self) -> str:
        return self._chain("or", lambda: self._chain("and", self._single))

    def _chain(self, word: str, read: Any) -> str:
        parts = [read()]
        while self._takes(word):
            parts.append(read())
        return f"({f' {word} '.join(parts)})" if len(parts) > 1 else parts[0]

    def _single(self) -> str:
        if self._takes("not"):
            return f"(not {self._single()})"
        if self._takes("("):
            inner = self.either()
            self._must(")")
            return inner
        kind, word = self._next()
        if kind == "value":
            return self._of_values(word)
        if word not in self._columns:
            raise Unknown(str(word))
        return self._of_column(self._columns[word])

    def _of_values(self, left: Any) -> str:
        """As in 1=1."""
        sign, right = self._next()[1], self._next()[1]
        if sign not in _SIGNS or not isinstance(left, int) or not isinstance(right, int):
            raise Malformed(f"unexpected {left!r}")
        return f"({left} {sign} {right})"

    def _of_column(self, column: Column) -> str:
        if self._takes("is"):
            no = "not " if self._takes("not") else ""
            self._must("null")
            return f"({column.sql} is {no}null)"
        if self._takes("in"):
            self._must("(")
            values = [self._value(column)]
            while self._takes(","):
                values.append(self._value(column))
            self._must(")")
            return f"({column.sql} in ({', '.join(values)}))"
        sign = self._next()[1]
        if sign not in _SIGNS:
            raise Malformed(f"unexpected {sign!r}")
        return f"({column.sql} {sign} {self._value(column)})"

    def _value(self, column: Column) -> str:
        kind, value = self._next()
        if kind != "value":
            raise Malformed(f"unexpected {value!r}")
        self.values.append(_as(column, value))
        return "?"

    def _takes(self, word: str) -> bool:
        if self._at < len(self._tokens):
            kind, value = self._tokens[self._at]
            if kind != "value" and value.lower() == word:
                self._at += 1
                return True
        return False

    def _must(self, word: str) -> None:
        if not self._takes(word):
            raise Malformed(f"{word} expected")

    def _next(self) -> tuple[str, Any]:
        if self._at >= len(self._tokens):
            raise Malformed("unexpected end")
        self._at += 1
        return self._tokens[self._at - 1]


def _as(column: Column, value: Any) -> Any:
    """The value as one of the column's kind; a floating time has no zone, an instant is turned into UTC."""
    text = value.text if isinstance(value, Moment) else str(value)
    try:
        if column.kind in (Kind.INSTANT, Kind.FLOATING, Kind.DAY) and isinstance(value, str | Moment):
            return _moment(column, text)
        if column.kind in (Kind.NUMBER, Kind.WHOLE):
            return float(value)
    except (TypeError, ValueError):
        raise Malformed(f"type mismatch for {column.name}: {value!r}") from None
    if not isinstance(value, str):
        raise Malformed(f"type mismatch for {column.name}: {value!r}")
    return value


def _moment(column: Column, text: str) -> datetime | date:
    moment = datetime.fromisoformat(text.replace("/", "-"))
    if column.kind is Kind.DAY:
        return moment.date()
    if moment.tzinfo is None:
        return moment
    if column.kind is Kind.FLOATING:
        raise ValueError("a floating timestamp has no zone")
    return moment.astimezone(UTC).replace(tzinfo=None)
