"""The measures of a city's requests, as SQL that DuckDB and Spark both speak; each has its published definition.

The caller has the tables of `SCHEMAS` and makes those of `STATEMENTS` in order; `measure` then has a row a group and
period. Times are UTC; days are the city's own. `seconds_between(a, b)` and `days_between(a, b)` are this project's two
words for what the engines call by different names; the engine that runs a statement puts its own in their place.
"""

from __future__ import annotations

from types import MappingProxyType

from li_perf.analysis.matching import Statement
from li_perf.analysis.survival import NUMBERED, medians

SCHEMAS = MappingProxyType(
    {
        "ticket": {
            "service_request_id": "varchar",
            "is_open": "boolean",
            "service_name": "varchar",
            "area": "varchar",
            "requested_at": "timestamp",
            "requested_on": "date",
            "updated_at": "timestamp",
            "closed_at": "timestamp",
            "closed_on": "date",
            "due_at": "timestamp",
            "is_first_call": "boolean",
            "reopened_at": "timestamp",
        },
        "target": {"service_name": "varchar", "hours": "double"},
        "setting": {
            "as_of": "timestamp",
            "as_of_on": "date",
            "target_hours": "double",
            "is_by_day": "boolean",
            "tells_reopenings": "boolean",
        },
    }
)

PERIODS = MappingProxyType(
    {
        "all": "cast(null as date)",
        "year": "cast(date_trunc('year', requested_on) as date)",
        "quarter": "cast(date_trunc('quarter', requested_on) as date)",
        "month": "cast(date_trunc('month', requested_on) as date)",
        "week": "cast(date_trunc('week', requested_on) as date)",  # Monday's date
    }
)
UNKNOWN = ""  # the area or type of a request that names none; a group over all of them has null

# One row a request. A closing before the opening, or without any time, measures nothing; nor does one by whoever took
# the call. A target is the request's own, else its type's, else the city's; it is met or missed when that is known.
_TIMED = f"""
select coalesce(t.area, '{UNKNOWN}') as area, coalesce(t.service_name, '{UNKNOWN}') as type, t.requested_on, t.is_open,
    t.is_first_call, t.area is not null as is_placed, t.closed_at is not null as has_instant,
    not t.is_open and t.closed_on is null as is_untimed,
    case
        when t.is_open or t.closed_on is null then null
        when t.closed_at is null then cast(days_between(t.requested_on, t.closed_on) as double)
        else seconds_between(t.requested_at, t.closed_at) / cast(86400 as double)
    end as raw_days,
    case when t.updated_at >= t.requested_at
        then seconds_between(t.requested_at, t.updated_at) / cast(86400 as double) end as updated_days,
    case when t.is_open then days_between(t.requested_on, s.as_of_on) end as open_days,
    case
        when not t.is_open then null
        when s.is_by_day then days_between(t.requested_on, s.as_of_on) * cast(86400 as bigint)
        else seconds_between(t.requested_at, s.as_of)
    end as open_seconds,
    case
        when t.due_at is not null then seconds_between(t.requested_at, t.due_at) / cast(86400 as double)
        else coalesce(g.hours, s.target_hours) / cast(24 as double)
    end as target_days,
    seconds_between(t.requested_at, s.as_of) / cast(86400 as double) as age_days,
    s.tells_reopenings, t.reopened_at is not null as was_reopened
from ticket t cross join setting s left join target g on g.service_name = t.service_name
"""

_MEASURED = Statement(
    name="measured",
    select=f"""
select area, type, requested_on, is_open, is_first_call, is_placed, is_untimed, open_days, target_days, updated_days,
    not is_first_call and raw_days >= 0 as is_timed,
    not is_first_call and raw_days < 0 as is_negative,
    case when not is_first_call and raw_days >= 0 then raw_days end as days,
    case when not is_first_call and raw_days >= 0 and is_placed then raw_days end as placed_days,
    case when not is_first_call and raw_days >= 0 and has_instant then raw_days * cast(24 as double) end as hours,
    case
        when is_first_call then null
        when is_open then greatest(open_seconds, 0)
        when raw_days >= 0 then cast(round(raw_days * 86400) as bigint)
    end as lasted_seconds,
    case when not is_first_call and is_placed then updated_days end as placed_updated_days,
    case
        when target_days is null or is_first_call then null
        when raw_days >= 0 and has_instant then case when raw_days <= target_days then 1 else 0 end
        when raw_days >= 0 then case when raw_days <= ceil(target_days) then 1 else 0 end
        when is_open and age_days > target_days then 0
    end as on_time,
    target_days is not null and not is_first_call and is_open and age_days <= target_days as is_not_due,
    tells_reopenings,
    case when tells_reopenings and (was_reopened or not is_open) then case when was_reopened then 1 else 0 end
    end as reopened
from ({_TIMED}) timed
""",
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

STATEMENTS = (_MEASURED, *NUMBERED, *_GROUPED, _MEASURE, _DAILY, ROLLING)


def of_span(level: str) -> tuple[Statement, ...]:
    """What measures all the tickets there are by one level: for a span of days that is no period of its own."""
    made = _grouped("all", level)
    return _MEASURED, *NUMBERED, *made, Statement(name="measure", select=f"select * from {made[-1].name}")
