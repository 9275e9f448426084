"""The report as plain text, at most 100 columns wide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, zip_longest

from rich.cells import cell_len, chop_cells, set_cell_size

from li_perf.analysis.findings import Findings
from li_perf.faces.report_page import page
from li_perf.faces.report_parts import Answer, Chapter, Column, Quote, Section, Table
from li_perf.faces.report_values import ELLIPSIS, visible

WIDTH = 100
GAP = "  "
CELL_LINES = 6


def text(findings: Findings) -> str:
    """The whole report; the three answers come in the first lines, after a warning if there is one."""
    report = page(findings)
    lines = chain(
        *(wrap(f"WARNING: {alarm}", hang=9) for alarm in report.alarms),
        [""] if report.alarms else [],
        *(_answer(number, answer) for number, answer in enumerate(report.answers, start=1)),
        ["", *wrap(f"{report.title}. {report.standfirst}")],
        *map(_chapter, report.chapters),
        ["", *wrap(report.colophon)],
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def wrap(prose: str, width: int = WIDTH, hang: int = 0) -> list[str]:
    """Prose in lines of at most `width` cells, all but the first indented by `hang`; "31.1 %" stays whole."""
    lines, room = [""], width
    for word in re.split(r" +(?!%)", visible(prose).strip()):
        for piece in chop_cells(word, width - hang) if cell_len(word) > width - hang else [word]:
            gap = " " if lines[-1].strip() else ""
            if cell_len(lines[-1] + gap + piece) <= room:
                lines[-1] += gap + piece
            else:
                lines.append(" " * hang + piece)
    return lines


def fit(cell: str, width: int) -> str:
    """One line of at most `width` cells; an ellipsis says that it was cut."""
    seen = visible(cell)
    return seen if cell_len(seen) <= width else set_cell_size(seen, width - 1).rstrip() + ELLIPSIS


def _answer(number: int, answer: Answer) -> Iterator[str]:
    yield from wrap(f"{number}. {answer.sentence}.", hang=3)
    for label, meaning in answer.terms:
        yield from (f"   {line}" for line in wrap(f"{label}: {meaning}", WIDTH - 3, hang=2))


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield from ("", "", chapter.title.upper(), "=" * cell_len(chapter.title))
    yield from chain.from_iterable(map(_section, chapter.sections))


def _section(section: Section) -> Iterator[str]:
    title = wrap(section.title)
    yield from ("", *title, "-" * max(map(cell_len, title)))
    for index, prose in enumerate(section.text):
        yield from ([""] if index else [])
        yield from wrap(prose)
    for table in section.tables:
        yield from _table(table)
    for quote in section.quotes:
        yield from _quote(quote)
    for note in section.notes:
        yield from ("", *wrap(note))


def _quote(quote: Quote) -> Iterator[str]:
    yield from ("", *wrap(f"{quote.label}:"))
    for line in filter(str.strip, quote.text.splitlines()):
        yield from (f"    {piece}" for piece in wrap(line, WIDTH - 4))


def _table(table: Table) -> Iterator[str]:
    yield from ("", *wrap(table.caption), "")
    if not table.rows:
        yield "  (none)"
        return
    widths = _widths(table)
    rule = GAP.join("-" * width for width in widths)
    yield from _row(tuple(column.label for column in table.columns), table.columns, widths, is_head=True)
    yield rule
    for index, row in enumerate(table.rows):
        if table.has_total and index == len(table.rows) - 1:
            yield rule
        yield from _row(row, table.columns, widths)


def _row(
    cells: tuple[str, ...], columns: tuple[Column, ...], widths: list[int], is_head: bool = False
) -> Iterator[str]:
    blocks = [
        wrap(cell, width)[:CELL_LINES] if is_head or column.kind == "prose" else [fit(cell, width)]
        for cell, column, width in zip(cells, columns, widths, strict=True)
    ]
    for line in zip_longest(*blocks, fillvalue=""):
        yield GAP.join(_aligned(cell, column, width) for cell, column, width in zip(line, columns, widths, strict=True))


def _aligned(cell: str, column: Column, width: int) -> str:
    padding = " " * (width - cell_len(cell))
    return padding + cell if column.kind == "number" else cell + padding


def _widths(table: Table) -> list[int]:
    """What each column needs; where that is too much, the widest head is broken first, then the widest text is cut."""
    cells = [max(cell_len(visible(cell)) for cell in column) for column in zip(*table.rows, strict=True)]
    heads = [cell_len(column.label) for column in table.columns]
    words = [max(map(cell_len, column.label.split())) for column in table.columns]
    free = [index for index, column in enumerate(table.columns) if column.kind != "number"]
    while sum(map(max, cells, heads)) + len(GAP) * (len(cells) - 1) > WIDTH:
        broken = [index for index, head in enumerate(heads) if head > max(cells[index], words[index])]
        if broken:
            heads[max(broken, key=lambda index: heads[index] - cells[index])] -= 1
        elif free:
            cells[max(free, key=lambda index: cells[index])] -= 1
        else:
            break
    return [*map(max, cells, heads)]
