"""CSV that is safe to open in a spreadsheet: no cell is a formula, no control character gets through.

https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Sequence
from typing import IO

from li_perf.faces.report_values import visible

FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def cell(value: object) -> str:
    """`value` for a CSV file: None and NaN are empty, numbers stay, a "'" goes before what could be a formula."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if isinstance(value, int | float) or _NUMBER.fullmatch(text):
        return text
    is_formula = text.startswith(FORMULA_STARTS) or text.lstrip().startswith(FORMULA_STARTS)
    return visible(f"'{text}" if is_formula else text)


def write_csv(stream: IO[str], header: Sequence[object], rows: Iterable[Sequence[object]]) -> None:
    """RFC 4180: a header, CRLF, quotes where needed. Open `stream` as UTF-8 with newline=""."""
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([cell(value) for value in header])
    writer.writerows([cell(value) for value in row] for row in rows)
