"""Measures as a person reads them, and as files: a table, CSV, JSON."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from li_perf.analysis.dictionary import BY_NAME
from li_perf.faces.report_values import visible
from li_perf.faces.spreadsheet import write_csv
from li_perf.store.measures import Figure, Measurement

HEADER = (
    *("city", "name", "unit", "area", "type", "period", "starts_on", "value", "n", "excluded", "as_of", "definition"),
)
SCHEMA = dict.fromkeys(HEADER, "varchar") | {"starts_on": "date", "value": "double", "n": "bigint"}
SHOWN = ("volume", "open_requests", "median_ttr", "p90_ttr", "on_time_pct")  # as many as fit a terminal
UNKNOWN = "(none named)"
DIGITS = re.compile(r"([0-9]+)")


def order(figure: Figure) -> tuple[Any, ...]:
    """By measure, area, type and day; numbers in names as numbers: 2 stands before 10."""
    return figure.name, _natural(figure.area), _natural(figure.type), figure.starts_on or date.min


def _natural(name: str | None) -> list[tuple[bool, int, str]]:
    parts = DIGITS.split(name or "")
    return [(False, int(part), "") if DIGITS.fullmatch(part) else (True, 0, part) for part in parts if part]


def plain(value: float | None, unit: str) -> float | None:
    """A count without a fraction."""
    return int(value) if value is not None and unit == "requests" else value


def rows(city: str, about: Measurement, figures: Sequence[Figure]) -> Iterator[tuple[Any, ...]]:
    """A row a number, with all that is needed to quote it, under HEADER."""
    for figure in figures:
        measure = BY_NAME[figure.name]
        excluded = "; ".join(f"{reason}: {count}" for reason, count in figure.excluded.items()) or None
        yield (
            *(city, figure.name, measure.unit, figure.area, figure.type, figure.period, figure.starts_on),
            *(plain(figure.value, measure.unit), figure.n, excluded, about.as_of, measure.definition),
        )


def as_csv(city: str, about: Measurement, figures: Sequence[Figure]) -> str:
    """Safe to open in a spreadsheet."""
    file = io.StringIO(newline="")
    write_csv(file, HEADER, rows(city, about, figures))
    return file.getvalue()


def as_json(city: str, about: Measurement, figures: Sequence[Figure], *, is_made_up: bool = False) -> str:
    """`items` have null for all areas or types, and an empty text for those that name none."""
    names = dict.fromkeys(figure.name for figure in figures)
    found = {
        "city": city,
        "is_made_up": is_made_up,
        "as_of": about.as_of,
        "requests": about.requests,
        "definitions": {name: {"unit": BY_NAME[name].unit, "definition": BY_NAME[name].definition} for name in names},
        "items": [msgspec.to_builtins(figure) for figure in figures],
    }
    return msgspec.json.encode(found).decode()


def as_table(title: str, about: Measurement, figures: Sequence[Figure], *, width: int | None = None) -> str:
    """A row a group and period, a column a measure; below it what the columns mean."""
    names = list(dict.fromkeys(figure.name for figure in figures))
    groups: dict[tuple[Any, ...], dict[str, Figure]] = {}
    for figure in figures:
        groups.setdefault((figure.area, figure.type, figure.starts_on), {})[figure.name] = figure
    keys = [place for place, used in enumerate(zip(*groups, strict=True)) if any(part is not None for part in used)]
    table = Table(box=box.SIMPLE_HEAD, title=visible(f"{title}, {about.requests:,} requests as of {about.as_of}"))
    for place in keys:
        table.add_column(("area", "type", "from")[place])
    for name in names:
        table.add_column(
            f"{name} ({BY_NAME[name].unit})" if BY_NAME[name].unit != "requests" else name, justify="right"
        )
    for key, found in groups.items():
        table.add_row(*(_shown(key[place]) for place in keys), *(_value(found.get(name)) for name in names))
    console = Console(file=io.StringIO(), width=width or 160, color_system=None)
    console.print(table)
    meanings = "\n".join([*(f"{name}: {BY_NAME[name].definition}" for name in names), *_dashes(figures)])
    return f"{console.file.getvalue().rstrip()}\n\n{meanings}"  # type: ignore[attr-defined]


def _dashes(figures: Sequence[Figure]) -> Iterator[str]:
    """Why a measure has no value, where no request counts: how many each reason leaves out."""
    left_out: dict[str, Counter[str]] = {}
    for figure in figures:
        if figure.value is None and not figure.n:
            left_out.setdefault(figure.name, Counter()).update(figure.excluded)
    for name, reasons in left_out.items():
        each = ", ".join(f"{reason} ({count:,})" for reason, count in reasons.most_common())
        yield f"{name} –: no request counts{f': {each}' if each else ''}."


def _shown(part: Any) -> str:
    return "all" if part is None else UNKNOWN if part == "" else visible(str(part))


def _value(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return "–"
    return f"{figure.value:,.0f}" if BY_NAME[figure.name].unit == "requests" else f"{figure.value:,.2f}"
