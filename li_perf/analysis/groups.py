"""The same figures apart: by service name, by month, by how the parcel is known, and requests with no match."""

from __future__ import annotations

from li_perf.analysis.findings import BuildingLevel, MonthRow, ServiceRow, Unmatched
from li_perf.analysis.reading import Query
from li_perf.analysis.stats import share

KINDS = ("as_asked", "building_only", "ambiguous")


def by_service(query: Query) -> list[ServiceRow]:
    """A row a service name, the most frequent first."""
    rows = query("""
select service_name, count(*), count(*) filter (where located), count(*) filter (where m3), count(*) filter (where m5),
    count(*) filter (where covered), count(*) filter (where inspected), count(*) filter (where inspected and not l0),
    count(*) filter (where is_open),
    percentile_cont(0.5) within group (order by case when m3 then first_lag_days end)
from request_level group by service_name
""")
    return [
        ServiceRow(
            service_name=name,
            requests=requests,
            located=located,
            m3=m3,
            m3_share_located=share(m3, located),
            m5=m5,
            m5_share_located=share(m5, located),
            covered=covered,
            inspected=inspected,
            unfounded=unfounded,
            unfounded_share=share(unfounded, covered),
            open=is_open,
            open_share=share(is_open, requests),
            lag_median_days=lag,
        )
        for name, requests, located, m3, m5, covered, inspected, unfounded, is_open, lag in sorted(
            rows, key=lambda row: (-row[1], row[0] or "")
        )
    ]


def by_month(query: Query) -> list[MonthRow]:
    """A row a local month, in order."""
    rows = query("""
select substr(cast(requested_on as string), 1, 7) as month, count(*), count(*) filter (where is_open)
from request_level group by 1 order by 1
""")
    return [MonthRow(month=month, requests=n, open=is_open, open_share=is_open / n) for month, n, is_open in rows]


def building_level(query: Query) -> list[BuildingLevel]:
    """M3 by how the parcel is known: as asked; the building only, where some unit nearly always has one; several."""
    rows = query("""
select case when is_building_level then 'building_only' when address_outcome = 'parcel_ambiguous' then 'ambiguous'
    else 'as_asked' end as kind, count(*), count(*) filter (where m3)
from request_level where located group by 1
""")
    found = {kind: (n, m3) for kind, n, m3 in rows}
    counted = [(kind, *found.get(kind, (0, 0))) for kind in KINDS]
    return [BuildingLevel(kind=kind, requests=n, m3=m3, m3_share=share(m3, n)) for kind, n, m3 in counted]


def unmatched(query: Query, *, window_days: int) -> list[Unmatched]:
    """Why requests have no M3 match, the most frequent first; a failed look-up is not an address without a parcel."""
    rows = query(f"""
select case
        when not located and address_outcome = 'lookup_failed' then 'Look-up failed: the parcel is not known'
        when not located then 'No parcel: ' || coalesce(address_outcome, 'not looked up')
        when not m1 then 'No violation at the parcel, of any date'
        when first_lag_days > {window_days} then 'First violation later than {window_days} days after the request'
        when last_before_days is not null then 'Violations only before the request'
        else 'Violations without a date only'
    end as reason, count(*)
from request_level where not m3 group by 1
""")
    return [Unmatched(reason=reason, requests=n) for reason, n in sorted(rows, key=lambda row: (-row[1], row[0]))]
