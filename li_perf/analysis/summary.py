"""The findings that come from the matched tables, put together."""

from __future__ import annotations

import msgspec

from li_perf.analysis import checks, groups, levels, progress, repetition, timing
from li_perf.analysis.findings import (
    BuildingLevel,
    Check,
    Crosswalk,
    CurvePoint,
    Excess,
    Headline,
    Incidents,
    Level,
    MonthRow,
    Multiplicity,
    OpenWays,
    Quantiles,
    RepeatParcels,
    ServiceRow,
    Unmatched,
    Window,
)
from li_perf.analysis.limits import LIMITS
from li_perf.analysis.reading import Query, one
from li_perf.model import Outcome

__all__ = ["LIMITS", "Summary", "summarise"]

REPLICATES = 200
SEED = 311


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of `Findings` that the matched tables give, under the same names."""

    requests: int
    requests_open: int
    open_share: float | None
    distinct_addresses: int
    headline: Headline
    address_outcomes: dict[str, int]
    match_levels: dict[str, Level]
    background: dict[str, Level]
    excess: dict[str, Excess]
    lag_days: Quantiles
    checks: list[Check]
    crosswalk: Crosswalk
    open_ways: OpenWays
    windows: list[Window]
    by_service: list[ServiceRow]
    by_month: list[MonthRow]
    incidents: list[Incidents]
    multiplicity: Multiplicity
    repeat_parcels: RepeatParcels
    building_level: list[BuildingLevel]
    cumulative_incidence: list[CurvePoint]
    same_day: int
    unmatched: list[Unmatched]


def summarise(query: Query, *, replicates: int = REPLICATES, seed: int = SEED) -> Summary:
    """Summarises the tables that `matching.STATEMENTS` made; the same tables and seed give the same summary.

    `query` answers one SQL text with rows. Give the result to `Findings` with `msgspec.structs.asdict`.
    """
    (window_days,) = one(query, "select window_days from setting")
    tally = levels.tally(query, window_days=window_days, replicates=replicates, seed=seed)
    crosswalk, open_ways = progress.crosswalk(query), progress.open_ways(query)
    headline = levels.headline(tally, crosswalk.coverage)
    return Summary(
        requests=tally.count("n", "all"),
        requests_open=open_ways.status_open,
        open_share=open_ways.status_open_share,
        distinct_addresses=_distinct_addresses(query),
        headline=headline,
        address_outcomes=_address_outcomes(query),
        match_levels=levels.levels(tally, "l0", "m1", "m2", "m3", "m4", "m5", "m6"),
        background=levels.levels(tally, "b"),
        excess=levels.excess(tally),
        lag_days=timing.lag_days(query),
        checks=checks.checks(query, headline),
        crosswalk=crosswalk,
        open_ways=open_ways,
        windows=timing.windows(query),
        by_service=groups.by_service(query),
        by_month=groups.by_month(query),
        incidents=repetition.incidents(query),
        multiplicity=repetition.multiplicity(query),
        repeat_parcels=repetition.repeat_parcels(query),
        building_level=groups.building_level(query),
        cumulative_incidence=timing.incidence(query),
        same_day=timing.same_day(query),
        unmatched=groups.unmatched(query, window_days=window_days),
    )


def _address_outcomes(query: Query) -> dict[str, int]:
    """Every outcome, the absent ones with 0."""
    found: dict[str, int] = dict(
        query("select coalesce(address_outcome, 'unknown'), count(*) from request_level group by 1")
    )
    return {outcome.value: found.pop(outcome.value, 0) for outcome in Outcome} | found


def _distinct_addresses(query: Query) -> int:
    sql = """
select count(distinct upper(trim(address))) from request_level
where trim(address) <> '' and coalesce(address_outcome, '') not in ('address_null', 'address_placeholder')
"""
    return int(one(query, sql)[0])
