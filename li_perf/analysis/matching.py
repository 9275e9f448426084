"""Which violation answers which request: the match levels, as SQL that DuckDB and Spark both speak.

The caller loads the tables of `SCHEMAS` and makes those of `STATEMENTS` in order; the analysis reads `pair` and
`request_level`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

SCHEMAS = MappingProxyType(
    {
        "ticket": {
            "service_request_id": "varchar",
            "service_name": "varchar",
            "is_open": "boolean",
            "requested_at": "timestamp",
            "requested_on": "date",
            "closed_on": "date",
            "has_closed_at": "boolean",
            "address": "varchar",
            "address_outcome": "varchar",
            "is_building_level": "boolean",
        },
        "ticket_account": {"service_request_id": "varchar", "account": "varchar"},
        "violation": {
            "violation_id": "integer",
            "violationnumber": "varchar",
            "casenumber": "varchar",
            "opa_account_num": "varchar",
            "violation_on": "date",
            "casestatus": "varchar",
            "family": "varchar",
        },
        "complaint": {"casenumber": "varchar", "service_request_id": "varchar", "is_inspected": "boolean"},
        "allowed": {"service_name": "varchar", "family": "varchar"},
        "setting": {"extracted_on": "date", "window_days": "integer"},
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A table by name, and the query that makes it."""

    name: str
    select: str


# One row a violation: the case it belongs to (without a number, itself) and that case's first day.
CASE = Statement(
    name="violation_case",
    select="""
select violation_id, case_key, violation_on, casestatus, min(violation_on) over (partition by case_key) as case_first_on
from (
    select violation_id, violation_on, casestatus,
        coalesce(nullif(casenumber, ''), 'violation ' || cast(violation_id as string)) as case_key
    from violation
) as keyed
""",
)

# Each (request, violation) once, however many accounts or complaints lead from one to the other.
REACHED = Statement(
    name="reached",
    select="""
select service_request_id, violation_id, max(at_parcel) = 1 as is_at_parcel, max(by_crosswalk) = 1 as is_by_crosswalk
from (
    select a.service_request_id, v.violation_id, 1 as at_parcel, 0 as by_crosswalk
    from ticket_account as a
    join violation as v on v.opa_account_num = a.account
    where a.account <> ''
    union all
    select c.service_request_id, v.violation_id, 0 as at_parcel, 1 as by_crosswalk
    from complaint as c
    join violation as v on v.casenumber = c.casenumber
    where c.casenumber <> ''
) as ways
group by service_request_id, violation_id
""",
)

# M6: a case credits only the latest request at a parcel of its first violation, within the window.
CREDIT = Statement(
    name="credit",
    select="""
select case_key, service_request_id
from (
    select c.case_key, t.service_request_id,
        row_number() over (
            partition by c.case_key order by t.requested_at desc, t.service_request_id desc
        ) as place
    from reached as r
    join violation_case as c on c.violation_id = r.violation_id
    join ticket as t on t.service_request_id = r.service_request_id
    cross join setting as s
    where r.is_at_parcel and c.violation_on = c.case_first_on
        and cast(c.violation_on - t.requested_on as integer) between 0 and s.window_days
) as candidates
where place = 1
""",
)

# Open and closed-at-an-unknown-time requests have no closing day that could speak against a violation (M4).
PAIR = Statement(
    name="pair",
    select="""
select service_request_id, violation_id, violationnumber, casenumber, case_key, lag_days, family,
    is_by_crosswalk as is_l0,
    is_at_parcel as is_m1,
    is_at_parcel and coalesce(lag_days >= 0, false) as is_m2,
    is_within as is_m3,
    is_within and (is_open or closed_on is null or cast(violation_on - closed_on as integer) <= 7) as is_m4,
    is_within and is_allowed as is_m5,
    is_within and is_credited as is_m6,
    is_at_parcel and coalesce(lag_days between -window_days and -1, false) as is_background
from (
    select dated.*, is_at_parcel and coalesce(lag_days between 0 and window_days, false) as is_within
    from (
        select r.service_request_id, r.violation_id, r.is_at_parcel, r.is_by_crosswalk,
            v.violationnumber, v.casenumber, c.case_key, v.violation_on, v.family,
            cast(v.violation_on - t.requested_on as integer) as lag_days,
            t.is_open, t.closed_on, s.window_days,
            a.family is not null as is_allowed, credit.case_key is not null as is_credited
        from reached as r
        join ticket as t on t.service_request_id = r.service_request_id
        join violation as v on v.violation_id = r.violation_id
        join violation_case as c on c.violation_id = r.violation_id
        cross join setting as s
        left join (select distinct service_name, family from allowed) as a
            on a.service_name = t.service_name and a.family = v.family
        left join credit on credit.case_key = c.case_key and credit.service_request_id = r.service_request_id
    ) as dated
) as judged
""",
)

# For counting by parcel, a request's parcel is the first of its accounts; `cluster_key` falls back on the address, then
# on the request. `first_lag_days` and `last_before_days` are the nearest violations on either side: any window follows.
REQUEST_LEVEL = Statement(
    name="request_level",
    select="""
select t.service_request_id, t.service_name, t.requested_at, t.requested_on, t.closed_on, t.is_open, t.has_closed_at,
    t.address, t.address_outcome, t.is_building_level,
    p.parcel, p.parcel is not null as located,
    case
        when p.parcel is not null then p.parcel
        when t.address_outcome in ('address_null', 'address_placeholder')
            then 'request ' || t.service_request_id
        else coalesce('address ' || nullif(t.address, ''), 'request ' || t.service_request_id)
    end as cluster_key,
    cast(s.extracted_on - t.requested_on as integer) as age_days,
    p.parcel is not null and cast(s.extracted_on - t.requested_on as integer) >= s.window_days as mature,
    coalesce(f.l0, false) as l0, coalesce(f.m1, false) as m1, coalesce(f.m2, false) as m2, coalesce(f.m3, false) as m3,
    coalesce(f.m4, false) as m4, coalesce(f.m5, false) as m5, coalesce(f.m6, false) as m6, coalesce(f.b, false) as b,
    f.first_lag_days, f.last_before_days, f.crosswalk_lag_days,
    c.service_request_id is not null as covered, coalesce(c.inspected, false) as inspected
from ticket as t
cross join setting as s
left join (
    select service_request_id, min(account) as parcel
    from ticket_account where account <> '' group by service_request_id
) as p on p.service_request_id = t.service_request_id
left join (
    select service_request_id, bool_or(is_l0) as l0, bool_or(is_m1) as m1, bool_or(is_m2) as m2, bool_or(is_m3) as m3,
        bool_or(is_m4) as m4, bool_or(is_m5) as m5, bool_or(is_m6) as m6, bool_or(is_background) as b,
        min(case when is_m2 then lag_days end) as first_lag_days,
        max(case when is_m1 and lag_days < 0 then lag_days end) as last_before_days,
        min(case when is_l0 and lag_days >= 0 then lag_days end) as crosswalk_lag_days
    from pair group by service_request_id
) as f on f.service_request_id = t.service_request_id
left join (
    select service_request_id, bool_or(coalesce(is_inspected, false)) as inspected
    from complaint where service_request_id is not null group by service_request_id
) as c on c.service_request_id = t.service_request_id
""",
)

STATEMENTS = (CASE, REACHED, CREDIT, PAIR, REQUEST_LEVEL)
