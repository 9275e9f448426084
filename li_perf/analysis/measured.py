"""One row a request, with all that its measures are taken over, as SQL that DuckDB and Spark both speak.

Times are UTC; days are the city's own. `seconds_between(a, b)` and `days_between(a, b)` are this project's two words
for what the engines call by different names; the engine that runs a statement puts its own in their place.
"""

from __future__ import annotations

from types import MappingProxyType

from li_perf.analysis.matching import Statement

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

MEASURED = Statement(
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
