"""The measures of a city's requests, as SQL that DuckDB and Spark both speak; each has its published definition.

The caller has the tables of `measured.SCHEMAS` and makes those of `STATEMENTS` in order; `measure` then has a row a
group and period.
"""

from __future__ import annotations

from types import MappingProxyType

from li_perf.analysis.matching import Statement
from li_perf.analysis.measured import MEASURED
from li_perf.analysis.survival import NUMBERED, medians

PERIODS = MappingProxyType(
    {
        "all": "cast(null as date)",
        "year": "cast(date_trunc('year', requested_on) as date)",
        "quarter": "cast(date_trunc('quarter', requested_on) as date)",
        "month": "cast(date_trunc('month', requested_on) as date)",
        "week": "cast(date_trunc('week', requested_on) as date)",  # Monday's date
    }
)
# The share on time that is a score of 1. No city here publishes one. Of Boston's, whose scores are actual over target,
# the published scores of shares on time end at 1.25 where all was on time: at 100 over 80 percent.
# https://www.boston.gov/innovation-and-technology/cityscore
ON_TIME_TARGET_PCT = 80
HIGHEST_SCORE = 1.25

_VALUES = f"""
    count(*) as volume,
    sum(case when is_placed then 0 else 1 end) as volume_unplaced,
    sum(case when is_first_call then 1 else 0 end) as first_call,
    sum(case when is_open then 1 else 0 end) as open_requests,
    sum(case when is_open then 0 else 1 end) as closed_requests,
    sum(case when is_open or is_untimed then 1 else 0 end) as backlog,
    sum(case when open_days <= 7 then 1 else 0 end) as backlog_age_0_7,
    sum(case when open_days between 8 and 30 then 1 else 0 end) as backlog_age_8_30,
    sum(case when open_days between 31 and 90 then 1 else 0 end) as backlog_age_31_90,
    sum(case when open_days >= 91 then 1 else 0 end) as backlog_age_91,
    avg(placed_days) as avg_ttr, count(placed_days) as n_placed_ttr,
    avg(days) as mean_ttr, percentile_cont(0.5) within group (order by days) as median_ttr,
    percentile_cont(0.9) within group (order by days) as p90_ttr, count(days) as n_ttr,
    count(lasted_seconds) as n_km_ttr,
    percentile_cont(0.5) within group (order by hours) as median_ttr_hours,
    percentile_cont(0.9) within group (order by hours) as p90_ttr_hours, count(hours) as n_ttr_hours,
    avg(placed_updated_days) as avg_ttu, count(placed_updated_days) as n_ttu,
    cast(100 as double) * sum(on_time) / nullif(count(on_time), 0) as on_time_pct, count(on_time) as n_on_time,
    case when count(on_time) > 0 then least(
        cast(100 as double) * sum(on_time) / count(on_time) / {ON_TIME_TARGET_PCT}, cast({HIGHEST_SCORE} as double)
    ) end as city_score,
    cast(100 as double) * sum(reopened) / nullif(count(reopened), 0) as reopen_pct, count(reopened) as n_reopen,
    sum(case when tells_reopenings and reopened is null then 1 else 0 end) as x_never_closed,
    sum(case when tells_reopenings then 0 else 1 end) as x_untold,
    sum(case when is_open and not is_first_call then 1 else 0 end) as x_open,
    sum(case when is_untimed and not is_first_call then 1 else 0 end) as x_untimed,
    sum(case when is_negative then 1 else 0 end) as x_negative,
    sum(case when is_timed and not is_placed then 1 else 0 end) as x_timed_unplaced,
    sum(case when is_timed and hours is null then 1 else 0 end) as x_by_day,
    sum(case when is_placed or is_first_call then 0 else 1 end) as x_unplaced,
    sum(case when is_placed and not is_first_call and updated_days is null then 1 else 0 end) as x_not_updated,
    sum(case when is_not_due then 1 else 0 end) as x_not_due,
    sum(case when target_days is not null and is_untimed and not is_first_call then 1 else 0 end) as x_due_untimed,
    sum(case when target_days is not null and is_negative then 1 else 0 end) as x_due_negative,
    sum(case when target_days is null and not is_first_call then 1 else 0 end) as x_no_target"""

LEVELS = MappingProxyType({"city": (), "area": ("area",), "type": ("type",), "area_type": ("area", "type")})
LASTING = frozenset({"all", "year", "quarter", "month"})  # a week's is not worth its cost
OF_TYPES_IN_AREAS = frozenset({"all", "year", "month"})  # weeks of a type in an area would mostly be empty


def _grouped(period: str, level: str) -> tuple[Statement, ...]:
    """A table a period and level: quantiles hold their values in memory, so that one level at a time is enough."""
    by = LEVELS[level]
    keys = ", ".join(name if name in by else f"cast(null as string) as {name}" for name in ("area", "type"))
    own = (*(("starts_on",) if period != "all" else ()), *by)
    lasting = medians(f"lasting_{period}_{level}", starts_on=PERIODS[period], by=by) if period in LASTING else None
    kaplan_meier = "lasting.km_median_ttr" if lasting else "cast(null as double) as km_median_ttr"
    same = " and ".join(f"lasting.{name} = grouped.{name}" for name in own) or "true"
    grouped = Statement(
        name=f"measure_{period}_{level}",
        select=f"""
select grouped.*, {kaplan_meier}
from (
    select '{period}' as period, starts_on, {keys},{_VALUES}
    from (select *, {PERIODS[period]} as starts_on from measured) spanned
    group by {", ".join(("starts_on", *by))}
) grouped {f"left join {lasting.name} lasting on {same}" if lasting else ""}""",
    )
    return (lasting, grouped) if lasting else (grouped,)


_GROUPED = tuple(
    statement
    for period in PERIODS
    for level in LEVELS
    if level != "area_type" or period in OF_TYPES_IN_AREAS
    for statement in _grouped(period, level)
)
_MEASURE = Statement(
    name="measure",
    select="\nunion all ".join(f"select * from {one.name}" for one in _GROUPED if one.name.startswith("measure_")),
)

_DAILY = Statement(
    name="daily",
    select="select type, requested_on, count(*) as volume from measured group by type, requested_on",
)
# Days as numbers: of a frame of days before a date, one engine (Sail 0.7) makes all that came before.
ROLLING = Statement(
    name="rolling",
    select="""
select type, requested_on, volume, cast(sum(volume) over (
    partition by type order by days_between(date '2000-01-01', requested_on) range between 6 preceding and current row
) as bigint) as volume_7d
from daily
""",
)

STATEMENTS = (MEASURED, *NUMBERED, *_GROUPED, _MEASURE, _DAILY, ROLLING)


def of_span(level: str) -> tuple[Statement, ...]:
    """What measures all the tickets there are by one level: for a span of days that is no period of its own."""
    made = _grouped("all", level)
    return MEASURED, *NUMBERED, *made, Statement(name="measure", select=f"select * from {made[-1].name}")
