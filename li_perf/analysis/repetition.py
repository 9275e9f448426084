"""What is counted more than once: violations of a request, requests of a case, of an incident, of a parcel."""

from __future__ import annotations

from li_perf.analysis.findings import Incidents, Multiplicity, RepeatParcel, RepeatParcels
from li_perf.analysis.reading import Query, one, spread
from li_perf.analysis.stats import share

GAPS_DAYS = (7, 14, 30, 90)
TOP_PARCELS = 20


def multiplicity(query: Query) -> Multiplicity:
    """Pairs, cases and violations of requests matched by M3."""
    return Multiplicity(
        pairs=one(query, "select count(*) from pair where is_m3")[0],
        cases_per_request=spread(query, _per("service_request_id", "case_key")),
        violations_per_request=spread(query, _per("service_request_id", "violation_id")),
        requests_per_case=spread(query, _per("case_key", "service_request_id")),
    )


def _per(group: str, counted: str) -> str:
    return f"select count(distinct {counted}) as x from pair where is_m3 group by {group}"


def incidents(query: Query) -> list[Incidents]:
    """Requests with a parcel, joined to the one before of the same parcel and service name if the gap allows."""
    return [_incidents(query, gap) for gap in GAPS_DAYS]


def _incidents(query: Query, gap_days: int) -> Incidents:
    per_incident = f"""
select count(*) as requests, bool_or(m3) as m3
from (
    select parcel, service_name, m3, sum(case when gap_days <= {gap_days} then 0 else 1 end) over (
        partition by parcel, service_name order by requested_at, service_request_id
        rows between unbounded preceding and current row
    ) as incident
    from (
        select parcel, service_name, m3, requested_at, service_request_id, cast(requested_on - lag(requested_on) over (
            partition by parcel, service_name order by requested_at, service_request_id
        ) as integer) as gap_days
        from request_level where located
    ) as gaps
) as joined
group by parcel, service_name, incident
"""
    n, mean, m3 = one(
        query, f"select count(*), avg(requests), count(*) filter (where m3) from ({per_incident}) as incidents"
    )
    return Incidents(gap_days=gap_days, incidents=n, requests_per_incident=mean, m3=m3, m3_share=share(m3, n))


def repeat_parcels(query: Query) -> RepeatParcels:
    """Requests a parcel; `m3_one_per_parcel` is M3's share among the first request of each."""
    per_parcel = "select parcel, count(*) as x from request_level where located group by parcel"
    spreading = spread(query, per_parcel)
    located, repeated, often = one(
        query,
        "select cast(sum(x) as bigint), cast(sum(case when x > 1 then x else 0 end) as bigint), "
        f"cast(sum(case when x >= 5 then x else 0 end) as bigint) from ({per_parcel}) as counted",
    )
    return RepeatParcels(
        parcels=spreading.n,
        requests_per_parcel=spreading,
        share_from_repeated=share(repeated, located),
        share_from_five_or_more=share(often, located),
        m3_one_per_parcel=_m3_of_first_requests(query),
        top=_top(query),
    )


def _m3_of_first_requests(query: Query) -> float | None:
    m3, parcels = one(
        query,
        """
select count(*) filter (where m3), count(*)
from (
    select m3, row_number() over (partition by parcel order by requested_at, service_request_id) as place
    from request_level where located
) as ordered
where place = 1
""",
    )
    return share(m3, parcels)


def _top(query: Query) -> list[RepeatParcel]:
    rows = query(f"""
select min(address), count(*) as requests, count(*) filter (where m3)
from request_level where located group by parcel order by requests desc, parcel limit {TOP_PARCELS}
""")
    return [RepeatParcel(address=address, requests=requests, m3=m3) for address, requests, m3 in rows]
