"""The report's chapter about the matches: the windows, the lag, the City's own link; the levels are report_levels'."""

from __future__ import annotations

import re

from li_perf.analysis.findings import CurvePoint, Findings, Window
from li_perf.faces.report_levels import levels
from li_perf.faces.report_parts import Chapter, Section, Table, numbers, table, text
from li_perf.faces.report_values import (
    DASH,
    count,
    natural,
    number,
    part,
    plural,
    points,
    share,
)

DAYS = (0, 7, 14, 30, 45, 60, 90, 120, 180, 365)


def chapter(findings: Findings) -> Chapter:
    """The matches."""
    return Chapter(
        name="matches",
        title="The matches",
        sections=(levels(findings), _windows(findings), _lags(findings), _crosswalk(findings)),
    )


def primary_days(findings: Findings) -> int | None:
    """The primary window in days, as the name of the level M3 says it: "M3(60)" -> 60."""
    names = [findings.headline.level, *sorted(findings.match_levels, key=natural)]
    found = (re.fullmatch(r"M3\(([0-9]{1,4})\)", name) for name in names)
    return next((int(match[1]) for match in found if match), None)


def window_name(window: Window) -> str:
    """ "same day", "1 day", "60 days", "any time"."""
    if window.days is None:
        return "any time"
    return "same day" if window.days == 0 else plural(window.days, "day")


def curve(points_: list[CurvePoint]) -> list[CurvePoint]:
    """The curve at the days of `DAYS` that it reaches, and at its end; all of it if it is short."""
    if len(points_) <= 2 * len(DAYS):
        return points_
    last = points_[-1]
    at = (max((p for p in points_ if p.days <= days), key=lambda p: p.days, default=None) for days in DAYS)
    chosen = {point.days: point for point in at if point is not None and point.days <= last.days}
    return list({**chosen, last.days: last}.values())


def _windows(findings: Findings) -> Section:
    finite = [window for window in findings.windows if window.days]
    first, last = (finite[0], finite[-1]) if finite else (None, None)
    return Section(
        name="windows",
        title=f"A window of {window_name(first)} matches {share(first.m3_share)}, one of {window_name(last)} "
        f"{share(last.m3_share)}"
        if first and last
        else "There are no windows to compare",
        text=(
            "M3: a violation at the parcel from the day of the request to so many days after it. "
            "B: one in as many days before it, which the request cannot have caused. E is M3 minus B. "
            "Shares of the mature requests with a parcel.",
        ),
        chart="windows",
        tables=(_window_table(findings.windows),),
    )


def _window_table(windows: list[Window]) -> Table:
    return table(
        "M3, B and E by window",
        text("Window") | numbers("Mature", "M3", "M3 share", "B", "B share", "E"),
        [
            (
                *(window_name(window), count(window.mature), count(window.m3), share(window.m3_share)),
                *(count(window.b), share(window.b_share), points(window.e_share)),
            )
            for window in windows
        ],
    )


def _lags(findings: Findings) -> Section:
    lag, median = findings.lag_days, findings.lag_days.p50
    names = ("p10", "p25", "p50", "p75", "p90", "p95")
    return Section(
        name="lags",
        title=f"Half of the matched requests had a violation within {number(median)} days"
        if median is not None
        else "There are no matched requests to measure a lag on",
        text=(
            "The lag is counted in days from the request to the first violation at its parcel on or after it, within "
            "the primary window. The curve (1 − Kaplan–Meier) also counts requests too young for the window.",
        ),
        chart="lags",
        tables=(
            table(
                f"Lag in days, quantiles of {plural(lag.n, 'request')}",
                numbers(*names),
                [tuple(number(getattr(lag, name)) for name in names)],
            ),
            table(
                "Share of requests with a parcel that had a violation by then",
                text("By day") | numbers("Share"),
                [(str(point.days), share(point.share)) for point in curve(findings.cumulative_incidence)],
            ),
        ),
        notes=(f"report.json holds all {count(len(findings.cumulative_incidence))} points of the curve.",),
    )


def _crosswalk(findings: Findings) -> Section:
    cross = findings.crosswalk
    coverage = f"The City's own complaints name {share(cross.coverage)} of the requests"
    return Section(
        name="crosswalk",
        title=coverage if cross.coverage is not None else "The City's complaints cannot be linked to the requests",
        text=(
            "L0 follows the request's number from the City's complaint to its case and its violations: no guess is "
            "made. L0i are the named requests without a violation: inspected and none found, or still pending.",
        ),
        tables=(
            table(
                "The City's own link from request to case",
                text("What") | numbers("Value"),
                [
                    ("requests named by a complaint", part(cross.covered, findings.requests)),
                    ("coverage", share(cross.coverage)),
                    ("with a violation (L0)", count(cross.with_violation)),
                    ("inspected, none found (L0i)", count(cross.inspected_none_found)),
                    ("pending (L0i)", count(cross.pending)),
                    ("unfounded, of inspected", share(cross.unfounded_share)),
                    (
                        "95th percentile of the lag",
                        f"{number(cross.lag_p95_days)} days" if cross.lag_p95_days else DASH,
                    ),
                ],
            ),
        ),
    )
