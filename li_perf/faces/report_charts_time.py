"""The report's charts over time: requests and open share by month, and violations by days since the request."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from li_perf.analysis.findings import CurvePoint, Findings, MonthRow
from li_perf.faces.charts import Scale, box, every, frame, gridline, hatch, label, line, path, scale, tag, ticks
from li_perf.faces.report_matches import primary_days
from li_perf.faces.report_values import count, month_name, share, short

LEFT = 46
TITLES = 14


def months(findings: Findings, name: str, width: int) -> Markup | None:
    """Columns of requests, the open ones hatched; below, the open share on a scale of its own."""
    rows = findings.by_month
    if not rows:
        return None
    slot = (width - LEFT - 4) / len(rows)
    centres = [LEFT + slot * (index + 0.5) for index in range(len(rows))]
    return frame(
        name,
        (width, 406),
        "Requests and open share by month",
        "; ".join(f"{short(row.month, 10)}: {count(row.requests)}, {share(row.open_share)} open" for row in rows),
        hatch(f"{name}-hatch"),
        *_columns(rows, centres, min(slot * 0.74, 44), f"{name}-hatch"),
        *_shares(rows, centres),
        *_month_names(rows, centres, slot),
    )


def _columns(rows: list[MonthRow], centres: list[float], width: float, pattern: str) -> Iterator[Markup]:
    marks = ticks(max(row.requests for row in rows), 4)
    y, right = scale((0, marks[-1]), (230, 44)), centres[-1] + centres[0] - LEFT
    yield label("Requests", LEFT, TITLES, "strong")
    yield from _key(LEFT + 78, pattern)
    yield from (gridline(f"{mark:,g}", y(mark), LEFT, right) for mark in marks)
    for row, centre in zip(rows, centres, strict=True):
        left, closed = centre - width / 2, row.requests - row.open
        yield box(left, y(closed), (width, y(0) - y(closed)), "first")
        yield box(left, y(row.requests), (width, y(closed) - y(row.requests)), "edge", pattern)


def _key(x: float, pattern: str) -> Iterator[Markup]:
    yield box(x, TITLES - 10, (14.0, 11.0), "first")
    yield label("closed", x + 20, TITLES)
    yield box(x + 76, TITLES - 10, (14.0, 11.0), "edge", pattern)
    yield label("open", x + 96, TITLES)


def _shares(rows: list[MonthRow], centres: list[float]) -> Iterator[Markup]:
    marks = ticks(max(row.open_share for row in rows), 3)
    z, right = scale((0, marks[-1]), (368, 292)), centres[-1] + centres[0] - LEFT
    dots = [(centre, z(row.open_share)) for row, centre in zip(rows, centres, strict=True)]
    yield label("Open, % of the month's requests", LEFT, 276, "strong")
    yield from (gridline(f"{mark * 100:g}", z(mark), LEFT, right) for mark in marks)
    yield path(dots, "line second")
    yield from (tag("circle", cx=x, cy=y, r=3.5, class_="second") for x, y in dots)


def _month_names(rows: list[MonthRow], centres: list[float], slot: float) -> Iterator[Markup]:
    names = [_month(row.month) for row in rows]
    for index in every(names, 30, slot):
        yield label(names[index], centres[index], 248, "small", "middle")
        yield label(names[index], centres[index], 386, "small", "middle")
    for index, row in enumerate(rows):
        if index == 0 or row.month.endswith("-01"):
            yield label(short(row.month[:4], 4), centres[index], 402, "small", "middle")


def _month(month: str) -> str:
    name = month_name(month)
    return name[:3] if name.endswith(month[:4]) else short(name, 7)


def lags(findings: Findings, name: str, width: int) -> Markup | None:
    """The share of requests with a parcel that had a violation by each day, as steps; the primary window marked."""
    curve = findings.cumulative_incidence
    if not curve:
        return None
    right, floor, end = width - 14, 280, curve[-1].days or 1
    marks = ticks(max(point.share for point in curve), 5)
    x, y = scale((0, end), (LEFT, right)), scale((0, marks[-1]), (floor, 34))
    days = [mark for mark in ticks(end, 6 if width > 500 else 4) if mark <= end]
    return frame(
        name,
        (width, 322),
        "Share of requests with a violation, by days since the request",
        f"The curve rises to {share(curve[-1].share)} on day {curve[-1].days}.",
        label("Had a violation by then, %", LEFT, TITLES, "strong"),
        *(gridline(f"{mark * 100:g}", y(mark), LEFT, right) for mark in marks),
        path(_steps(curve, x, y), "line first"),
        *_window_mark(findings, x, y, (LEFT + right) / 2),
        *(label(f"{mark:g}", x(mark), floor + 18, "small", "middle") for mark in days),
        label("days after the request", (LEFT + right) / 2, floor + 38, "small", "middle"),
    )


def _steps(curve: list[CurvePoint], x: Scale, y: Scale) -> Iterator[tuple[float, float]]:
    level = y(0)
    yield x(0), level
    for point in curve:
        yield x(point.days), level
        level = y(point.share)
        yield x(point.days), level


def _window_mark(findings: Findings, x: Scale, y: Scale, middle: float) -> Iterator[Markup]:
    days = primary_days(findings)
    reached = [point for point in findings.cumulative_incidence if days is not None and point.days <= days]
    if days is None or not reached or days > findings.cumulative_incidence[-1].days:
        return
    at, height = x(days), y(reached[-1].share)
    yield line((at, y(0)), (at, height), "mark")
    yield tag("circle", cx=at, cy=height, r=4.5, class_="second")
    anchor, shift = ("start", 9) if at < middle else ("end", -9)
    yield label(f"{share(reached[-1].share)} within {days} days", at + shift, height + 20, "strong", anchor)
