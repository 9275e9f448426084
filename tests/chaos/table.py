"""Prints what the tests measured in chaos mode: `python tests/chaos/table.py FILE`, a line of JSON a figure.

Figures of one name become one row: numbers add up, those of the worst, the slowest and the most keep the largest,
words are counted once each.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

LARGEST = ("worst", "slowest", "most", "peak", "longest", "max", "largest")


def table(lines: Iterable[str]) -> str:
    """The rows, in the order in which their names were first met."""
    found: dict[str, dict[str, list[Any]]] = {}
    for line in lines:
        noted = json.loads(line)
        columns = found.setdefault(noted["figure"], {})
        for name, value in _parts(noted["value"]):
            columns.setdefault(name, []).append(value)
    if not found:
        return "No figures: no test noted any."
    width = max(len(figure) for figure in found)
    return "\n".join(f"{figure.ljust(width)}  {_said(figure, columns)}" for figure, columns in found.items())


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    else:
        yield "", value


def _said(figure: str, columns: dict[str, list[Any]]) -> str:
    merged = {name: _merged(name or figure, values) for name, values in columns.items()}
    if merged.get("kills") and "asked again" in merged:
        merged["asked again per kill"] = round(merged["asked again"] / merged["kills"], 2)
    return " · ".join(f"{name} {_shown(value)}".strip() for name, value in merged.items())


def _merged(name: str, values: list[Any]) -> Any:
    if any(isinstance(value, str | list | dict) for value in values):
        return sorted({str(value) for value in values})
    return max(values) if any(word in name.lower() for word in LARGEST) else sum(values)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) if len(value) < 5 else f"{len(value)}"
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"


if __name__ == "__main__":
    print(table(Path(sys.argv[1]).read_text().splitlines()))
