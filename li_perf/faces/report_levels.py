"""The report's section about the levels of match: how strict a proof is asked for, and how many requests have it."""

from __future__ import annotations

from collections.abc import Iterator

from li_perf.analysis.findings import Excess, Findings, Level
from li_perf.faces.report_parts import Section, numbers, prose, table, text
from li_perf.faces.report_values import count, interval, natural, points, points_interval, sentence, share, short


def levels(findings: Findings) -> Section:
    """Every level of match, the background and the excess, with three denominators and both intervals."""
    matches = sorted(findings.match_levels.items(), key=lambda item: natural(item[0]))
    background = sorted(findings.background.items(), key=lambda item: natural(item[0]))
    excess = sorted(findings.excess.items(), key=lambda item: natural(item[0]))
    # M1 says that a parcel has a history; it is a ceiling and no match.
    shares = sorted((level.share_all, name) for name, level in matches if level.share_all is not None and name != "M1")
    return Section(
        name="levels",
        title=f"How many match depends on the proof asked for: {share(shares[0][0])} of all requests at level "
        f"{short(shares[0][1], 12)}, {share(shares[-1][0])} at level {short(shares[-1][1], 12)}"
        if shares
        else "No level of match has a share to show",
        text=(
            "Each level is a share of all requests, of those with a parcel, and of the mature ones with a parcel "
            "(old enough for the whole window). B is what was there anyway: a violation in as "
            "many days before the request. E is M3 minus B.",
            "The City says that about one third of L&I's tickets are unfounded: over 67 % matched is not credible.",
        ),
        tables=(
            table(
                "Match levels and background, with three denominators",
                text("Level", "Share of") | numbers("Matched", "Of", "Share", "Wilson 95 %", "Bootstrap 95 %"),
                (row for name, level in [*matches, *background] for row in _level_rows(name, level, findings.requests)),
            ),
            table(
                "Excess over the background, in percentage points",
                text("Level", "Share of") | numbers("M3 minus B", "Bootstrap 95 %"),
                (row for name, level in excess for row in _excess_rows(name, level)),
            ),
            table(
                "What each level means",
                text("Level") | prose("Definition"),
                [(short(name, 12), sentence(level.definition)) for name, level in [*matches, *background]]
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
