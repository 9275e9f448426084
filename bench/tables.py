"""How figures are shown: Markdown tables, medians with the lowest and the highest."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from statistics import median


def say(text: str) -> None:
    """What is going on, apart from the results."""
    print(text, file=sys.stderr, flush=True)


def spread(values: Sequence[float], form: str) -> str:
    """The median, and the lowest and highest where they differ from it."""
    middle, low, high = (form.format(value) for value in (median(values), min(values), max(values)))
    return middle if low == high else f"{middle} ({low}–{high})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table of text on standard output, its first column to the left."""
    widths = [max(len(line[column]) for line in (head, *rows)) for column in range(len(head))]
    print(_line(head, widths))
    print("|" + "|".join("-" * (width + 1) + ("-" if not column else ":") for column, width in enumerate(widths)) + "|")
    for row in rows:
        print(_line(row, widths))
    print(flush=True)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    parts = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return "| " + " | ".join(parts) + " |"
