"""The match levels: how many requests each matches, of which requests, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

from li_perf.analysis.findings import Excess, Headline, Level
from li_perf.analysis.reading import Query
from li_perf.analysis.stats import Interval, Vector, percentile_interval, resampled_totals, share, wilson

COHORTS = {"all": "true", "located": "located", "mature": "mature"}
FLAGS = ("l0", "m1", "m2", "m3", "m4", "m5", "m6", "b")
COUNTS = {"n": "true"} | {flag: flag for flag in FLAGS}
PLACES = {(count, cohort): place for place, (count, cohort) in enumerate((n, c) for n in COUNTS for c in COHORTS)}

DEFINITIONS = {
    "l0": "The City's own records name the request on a complaint, and the complaint's case has a violation.",
    "m1": "There is a violation at the request's parcel, of any date: a history, and not yet a match.",
    "m2": "There is a violation at the request's parcel, dated on the request's day or at any time later.",
    "m3": "There is a violation at the request's parcel, dated on the request's day or up to {window} days later.",
    "m4": "As M3({window}), and if the request was closed, the violation is dated up to 7 days after the closing day.",
    "m5": "As M3({window}), and the violation's subject is one that the request's service name allows.",
    "m6": (
        "Each case is credited to one request only: the latest one at the parcel of the case's first violation that "
        "was made on that violation's day or up to {window} days before it."
    ),
    "b": (
        "There is a violation at the request's parcel in the {window} days before the day of the request: what such "
        "parcels show anyway."
    ),
    "e": "M3({window}) minus B({window}): what the days after a request show beyond what the days before it show.",
}
MATURE = "Requests with a parcel that were made at least {window} days before the data were extracted."
COVERAGE_FOR_HEADLINE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts by (flag, cohort), "n" being the requests of a cohort, and the same counts in each bootstrap replicate."""

    window_days: int
    totals: Vector
    replicates: list[Vector]

    def count(self, flag: str, cohort: str) -> int:
        return self.totals[PLACES[flag, cohort]]

    def share(self, flag: str, cohort: str) -> float | None:
        return _share(self.totals, flag, cohort)

    def interval(self, flag: str, cohort: str) -> Interval | None:
        return wilson(self.count(flag, cohort), self.count("n", cohort))

    def cluster_interval(self, flag: str, cohort: str) -> Interval | None:
        return percentile_interval(self.replicates, lambda vector: _share(vector, flag, cohort))

    def excess(self, cohort: str) -> float | None:
        return _excess(self.totals, cohort)

    def excess_interval(self, cohort: str) -> Interval | None:
        return percentile_interval(self.replicates, lambda vector: _excess(vector, cohort))


def tally(query: Query, *, window_days: int, replicates: int, seed: int) -> Tally:
    """Counts requests, and resamples whole parcels (an address or a request without one stands for itself)."""
    columns = [f"c{place}" for place in PLACES.values()]
    counts = [
        f"count(*) filter (where {COUNTS[name]} and {COHORTS[cohort]}) as c{place}"
        for (name, cohort), place in PLACES.items()
    ]
    rows = query(
        f"select {', '.join(columns)}, count(*) as clusters from ("
        f"select {', '.join(counts)} from request_level group by cluster_key) as counted group by {', '.join(columns)}"
    )
    clusters = {row[:-1]: row[-1] for row in rows}
    totals = tuple(sum(vector[place] * times for vector, times in clusters.items()) for place in PLACES.values())
    drawn = resampled_totals(clusters, replicates=replicates, seed=seed)
    return Tally(window_days=window_days, totals=totals, replicates=drawn)


def key(flag: str, window_days: int) -> str:
    """The level's public name: `M3(60)`; L0, M1 and M2 have no window."""
    return flag.upper() if flag in ("l0", "m1", "m2") else f"{flag.upper()}({window_days})"


def level(tally: Tally, flag: str) -> Level:
    """The level's counts, shares and intervals."""
    return Level(
        definition=DEFINITIONS[flag].format(window=tally.window_days),
        matched=tally.count(flag, "all"),
        matched_located=tally.count(flag, "located"),
        matched_mature=tally.count(flag, "mature"),
        located=tally.count("n", "located"),
        mature=tally.count("n", "mature"),
        share_all=tally.share(flag, "all"),
        share_located=tally.share(flag, "located"),
        share_mature=tally.share(flag, "mature"),
        interval_all=tally.interval(flag, "all"),
        interval_located=tally.interval(flag, "located"),
        interval_mature=tally.interval(flag, "mature"),
        cluster_interval_all=tally.cluster_interval(flag, "all"),
        cluster_interval_located=tally.cluster_interval(flag, "located"),
        cluster_interval_mature=tally.cluster_interval(flag, "mature"),
    )


def levels(tally: Tally, *flags: str) -> dict[str, Level]:
    """Levels by public name."""
    return {key(flag, tally.window_days): level(tally, flag) for flag in flags}


def excess(tally: Tally) -> dict[str, Excess]:
    """E: M3 minus B, a difference within each replicate and not of two intervals."""
    found = Excess(
        definition=DEFINITIONS["e"].format(window=tally.window_days),
        share_all=tally.excess("all"),
        share_located=tally.excess("located"),
        share_mature=tally.excess("mature"),
        cluster_interval_all=tally.excess_interval("all"),
        cluster_interval_located=tally.excess_interval("located"),
        cluster_interval_mature=tally.excess_interval("mature"),
    )
    return {key("e", tally.window_days): found}


def headline(tally: Tally, coverage: float | None) -> Headline:
    """L0 where the City's crosswalk covers nine requests in ten, else M3; of the mature cohort."""
    flag = "l0" if coverage is not None and coverage >= COVERAGE_FOR_HEADLINE else "m3"
    return Headline(
        level=key(flag, tally.window_days),
        share=tally.share(flag, "mature"),
        definition=DEFINITIONS[flag].format(window=tally.window_days),
        denominator=MATURE.format(window=tally.window_days),
        numerator=tally.count(flag, "mature"),
        denominator_count=tally.count("n", "mature"),
        share_all=tally.share(flag, "all"),
        interval=tally.interval(flag, "mature"),
        cluster_interval=tally.cluster_interval(flag, "mature"),
    )


def _share(vector: Vector, flag: str, cohort: str) -> float | None:
    return share(vector[PLACES[flag, cohort]], vector[PLACES["n", cohort]])


def _excess(vector: Vector, cohort: str) -> float | None:
    return share(vector[PLACES["m3", cohort]] - vector[PLACES["b", cohort]], vector[PLACES["n", cohort]])
