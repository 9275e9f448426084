"""The report's chapter about the matches: the City's own link, the levels, the windows, the lag."""

from __future__ import annotations

import re
from collections.abc import Iterator

from li_perf.analysis.findings import CurvePoint, Excess, Findings, Level, Window
from li_perf.faces.report_parts import Chapter, Section, Table, numbers, prose, table, text
from li_perf.faces.report_values import (
    DASH,
    count,
    interval,
    natural,
    number,
    part,
    plural,
    points,
    points_interval,
    sentence,
    share,
    short,
)

DAYS = (0, 7, 14, 30, 45, 60, 90, 120, 180, 365)


def chapter(findings: Findings) -> Chapter:
    """The matches."""
    return Chapter(
        name="matches",
        title="The matches",
        sections=(_levels(findings), _windows(findings), _lags(findings), _crosswalk(findings)),
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


def _levels(findings: Findings) -> Section:
    levels = sorted(findings.match_levels.items(), key=lambda item: natural(item[0]))
    background = sorted(findings.background.items(), key=lambda item: natural(item[0]))
    excess = sorted(findings.excess.items(), key=lambda item: natural(item[0]))
    # M1 says that a parcel has a history; it is a ceiling and no match.
    shares = sorted((level.share_all, name) for name, level in levels if level.share_all is not None and name != "M1")
    return Section(
        name="levels",
        title=f"How many match depends on the proof asked for: {share(shares[0][0])} of all requests at level "
        f"{short(shares[0][1], 12)}, {share(shares[-1][0])} at level {short(shares[-1][1], 12)}"
        if shares
        else "No level of match has a share to show",
        text=(
            "Each level is a share of all requests, of those with a parcel, and of the mature ones with a parcel "
            "(old enough for the whole window). B is the share that chance alone gives; E is M3 minus B.",
            "The City says that about one third of L&I's tickets are unfounded: more than 67 % matched is not credible.",
        ),
        tables=(
            table(
                "Match levels and background, with three denominators",
                text("Level", "Share of") | numbers("Matched", "Of", "Share", "Wilson 95 %", "Bootstrap 95 %"),
                (row for name, level in [*levels, *background] for row in _level_rows(name, level, findings.requests)),
            ),
            table(
                "Excess over chance, in percentage points",
                text("Level", "Share of") | numbers("M3 minus B", "Bootstrap 95 %"),
                (row for name, level in excess for row in _excess_rows(name, level)),
            ),
            table(
                "What each level means",
                text("Level") | prose("Definition"),
                [(short(name, 12), sentence(level.definition)) for name, level in [*levels, *background]]
                + [(short(name, 12), sentence(level.definition)) for name, level in excess],
            ),
        ),
        notes=("The bootstrap draws whole parcels, because requests at one parcel are not independent.",),
    )


def _level_rows(name: str, level: Level, requests: int) -> Iterator[tuple[str, ...]]:
    label = short(name, 12)
    every = count(level.matched), count(requests), share(level.share_all)
    located = count(level.matched_located), count(level.located), share(level.share_located)
    mature = count(level.matched_mature), count(level.mature), share(level.share_mature)
    yield label, "all", *every, interval(level.interval_all), interval(level.cluster_interval_all)
    yield label, "with a parcel", *located, interval(level.interval_located), interval(level.cluster_interval_located)
    yield label, "mature", *mature, interval(level.interval_mature), interval(level.cluster_interval_mature)


def _excess_rows(name: str, excess: Excess) -> Iterator[tuple[str, ...]]:
    label = short(name, 12)
    yield label, "all", points(excess.share_all), points_interval(excess.cluster_interval_all)
    yield label, "with a parcel", points(excess.share_located), points_interval(excess.cluster_interval_located)
    yield label, "mature", points(excess.share_mature), points_interval(excess.cluster_interval_mature)


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
