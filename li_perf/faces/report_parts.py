"""What a report is made of, before it becomes text or HTML: both are drawn from the same parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "text", "prose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`number` is right-aligned and never cut, `text` may be cut, `prose` is wrapped."""

    label: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells are written out already; `has_total`: the last row is the sum of the others."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    has_total: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Text shown as it is, to the last character: a query, a hash."""

    label: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A title that is a sentence, what it means, a chart by name, tables, notes under them."""

    name: str
    title: str
    text: tuple[str, ...] = ()
    chart: str | None = None
    tables: tuple[Table, ...] = ()
    quotes: tuple[Quote, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """Sections about one subject."""

    name: str
    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to one of the City's questions: the figure, the sentence that it begins, and what it means."""

    figure: str
    claim: str
    terms: tuple[tuple[str, str], ...]

    @property
    def sentence(self) -> str:
        return f"{self.figure} {self.claim}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole report; `alarms` are read before anything else."""

    title: str
    standfirst: str
    alarms: tuple[str, ...]
    answers: tuple[Answer, ...]
    chapters: tuple[Chapter, ...]
    colophon: str


def table(
    caption: str, columns: Mapping[str, Kind], rows: Iterable[Iterable[str]], *, has_total: bool = False
) -> Table:
    """A table; `columns` maps each label to its kind, in order: `text("Month") | numbers("Requests", "Open")`."""
    return Table(
        caption=caption,
        columns=tuple(Column(label=label, kind=kind) for label, kind in columns.items()),
        rows=tuple(tuple(row) for row in rows),
        has_total=has_total,
    )


def text(*labels: str) -> dict[str, Kind]:
    """Columns of text."""
    return dict.fromkeys(labels, "text")


def numbers(*labels: str) -> dict[str, Kind]:
    """Columns of numbers."""
    return dict.fromkeys(labels, "number")


def prose(*labels: str) -> dict[str, Kind]:
    """Columns of sentences."""
    return dict.fromkeys(labels, "prose")
