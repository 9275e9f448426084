"""How figures are shown: Markdown tables, medians with the lowest and the highest."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def say(text: str) -> None:
    """What is going on, apart from the results."""
    print(text, file=sys.stderr, flush=True)


def spread(values: Sequence[float], form: str) -> str:
    """The median, and the lowest and highest where they differ from it."""
    middle, low, high = (form.format(value) for value in (median(values), min(values), max(values)))
    return middle if low == high else f"{middle} ({low}–{high})"


class Page:
    """Markdown that is printed as it comes, and can be put into a document afterwards."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def line(self, text: str = "") -> None:
        self._lines.append(text)
        print(text, flush=True)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table of text, its first column to the left."""
        widths = [max(len(line[column]) for line in (head, *rows)) for column in range(len(head))]
        self.line(_line(head, widths))
        first, *others = widths
        self.line(f"|{'-' * (first + 2)}|" + "|".join("-" * (width + 1) + ":" for width in others) + "|")
        for row in rows:
            self.line(_line(row, widths))
        self.line()

    def put_into(self, document: Path, first: str = BEGIN, last: str = END) -> None:
        """Write it between the document's two marks, in the place of what is there."""
        before, begin, rest = document.read_text().partition(first)
        _, end, after = rest.partition(last)
        if not end:
            raise SystemExit(f"{document} has no place for figures: {first} and {last}, each on a line of its own.")
        document.write_text(before + begin + "\n" + "\n".join(self._lines) + end + after)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    parts = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return "| " + " | ".join(parts) + " |"
