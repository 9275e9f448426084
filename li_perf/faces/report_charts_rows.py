"""The report's charts in rows: M3 beside chance for each window, and requests by address outcome."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from li_perf.analysis.findings import Findings, Window
from li_perf.faces.charts import Scale, box, frame, hatch, label, line, scale, tag, ticks
from li_perf.faces.report_addresses import LOCATED, ranked
from li_perf.faces.report_matches import primary_days, window_name
from li_perf.faces.report_values import count, divide, points, share, short

ROW = 28
HEAD = 66


def windows(findings: Findings, name: str, width: int) -> Markup | None:
    """A row for each window: a ring for B, a disc for M3, and the gap between them, which is E."""
    rows = findings.windows
    if not rows:
        return None
    left, right, foot = 78, width - 88, HEAD + ROW * len(rows)
    known = [value for row in rows for value in (row.m3_share, row.b_share) if value is not None]
    marks = ticks(max(known, default=0), 5 if width > 500 else 3)
    x = scale((0, marks[-1]), (left, right))
    return frame(
        name,
        (width, foot + 6),
        "Requests with a violation after (M3) and before (B), by window",
        "; ".join(f"{window_name(row)}: M3 {share(row.m3_share)}, B {share(row.b_share)}" for row in rows),
        *_key(left),
        label("%", left - 14, HEAD - 16, "small", "end"),
        *(label(f"{mark * 100:g}", x(mark), HEAD - 16, "small", "middle") for mark in marks),
        *(line((x(mark), HEAD - 8), (x(mark), foot), "grid") for mark in marks),
        label("E", width, HEAD - 16, "strong", "end"),
        *(part for index, row in enumerate(rows) for part in _dumbbell(row, x, index, width, primary_days(findings))),
    )


def _key(left: float) -> Iterator[Markup]:
    yield _ring(left + 6)
    yield label("B, before", left + 18, 14)
    yield tag("circle", cx=left + 106, cy=10, r=6, class_="first")
    yield label("M3, after the request", left + 118, 14)


def _ring(x: float, y: float = 10) -> Markup:
    return tag("circle", cx=x, cy=y, r=5, class_="ring")


def _dumbbell(row: Window, x: Scale, index: int, width: int, primary: int | None) -> Iterator[Markup]:
    y, weight = HEAD + ROW * (index + 0.5), "strong" if row.days is not None and row.days == primary else ""
    yield label(window_name(row), 0, y + 4, weight)
    yield label(points(row.e_share), width, y + 4, weight, "end")
    if row.m3_share is not None and row.b_share is not None:
        yield line((x(row.b_share), y), (x(row.m3_share), y), "gap")
    if row.b_share is not None:
        yield _ring(x(row.b_share), y)
    if row.m3_share is not None:
        yield tag("circle", cx=x(row.m3_share), cy=y, r=6, class_="first")


def outcomes(findings: Findings, name: str, width: int) -> Markup | None:
    """A bar for each address outcome: full where there is a parcel, hatched where there is none, outlined if failed."""
    rows = ranked(findings.address_outcomes)
    if not rows:
        return None
    left, row = (212, ROW) if width > 500 else (0, 46)
    x = scale((0, max(max(requests for _, requests in rows), 1)), (0, width - left - 130))
    return frame(
        name,
        (width, HEAD - 30 + row * len(rows)),
        "Requests by address outcome",
        "; ".join(f"{short(outcome, 40)}: {count(requests)}" for outcome, requests in rows),
        hatch(f"{name}-hatch"),
        *_outcome_key(f"{name}-hatch"),
        *(
            part
            for index, (outcome, requests) in enumerate(rows)
            for part in _bar(outcome, requests, (left, HEAD - 34 + row * index), x, name, findings.requests)
        ),
    )


def _outcome_key(pattern: str) -> Iterator[Markup]:
    yield box(0, 4, (14.0, 11.0), "first")
    yield label("parcel", 20, 14)
    yield box(82, 4, (14.0, 11.0), "edge", pattern)
    yield label("no parcel", 102, 14)
    yield box(182, 4, (14.0, 11.0), "hollow")
    yield label("not known", 202, 14)


def _bar(outcome: str, requests: int, at: tuple[float, float], x: Scale, name: str, total: int) -> Iterator[Markup]:
    left, top = at
    is_narrow = left == 0
    y = top + 20 if is_narrow else top + 5
    title = short(outcome.replace("_", " "), 28)
    yield label(
        title, 0 if is_narrow else left - 10, top + 16 if is_narrow else y + 13, "", "start" if is_narrow else "end"
    )
    size = (x(requests), 18.0)
    if outcome in LOCATED:
        yield box(left, y, size, "first")
    elif outcome == "lookup_failed":
        yield box(left, y, size, "hollow")
    else:
        yield box(left, y, size, "edge", f"{name}-hatch")
    yield label(f"{count(requests)} ({share(divide(requests, total))})", left + size[0] + 8, y + 13, "figure")
