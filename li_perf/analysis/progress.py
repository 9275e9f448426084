"""What the City says itself: which requests are open, and what its crosswalk of complaints tells about them."""

from __future__ import annotations

from li_perf.analysis.findings import Crosswalk, OpenAtAge, OpenWays
from li_perf.analysis.reading import Query, one
from li_perf.analysis.stats import share

AGES_DAYS = (30, 60, 90)


def crosswalk(query: Query) -> Crosswalk:
    """L0's coverage; a request that a complaint names is with violation, inspected with none found, or pending."""
    requests, covered, found, none_found, pending, lag = one(
        query,
        """
select count(*), count(*) filter (where covered), count(*) filter (where l0),
    count(*) filter (where covered and not l0 and inspected),
    count(*) filter (where covered and not l0 and not inspected),
    percentile_cont(0.95) within group (order by crosswalk_lag_days)
from request_level
""",
    )
    return Crosswalk(
        covered=covered,
        coverage=share(covered, requests),
        with_violation=found,
        inspected_none_found=none_found,
        pending=pending,
        unfounded_share=share(none_found, covered),
        lag_p95_days=lag,
    )


def open_ways(query: Query) -> OpenWays:
    """Open by status, by the closing time, and at three ages; and, another question, the cases of matched requests."""
    requests, status_open, no_time, closed_no_time, open_with_time = one(
        query,
        """
select count(*), count(*) filter (where is_open), count(*) filter (where not has_closed_at),
    count(*) filter (where not is_open and not has_closed_at), count(*) filter (where is_open and has_closed_at)
from request_level
""",
    )
    cases, cases_open = _cases(query)
    return OpenWays(
        status_open=status_open,
        status_open_share=share(status_open, requests),
        closed_at_null=no_time,
        closed_at_null_share=share(no_time, requests),
        closed_without_time=closed_no_time,
        open_with_time=open_with_time,
        at_age=[_at_age(query, days) for days in AGES_DAYS],
        matched_case_open=cases_open,
        matched_case=cases,
        matched_case_open_share=share(cases_open, cases),
    )


def _at_age(query: Query, days: int) -> OpenAtAge:
    """A request closed at an unknown time is left out: whether it was open then is not known."""
    old_enough, still_open = one(
        query,
        f"""
select count(*), count(*) filter (where is_open or cast(closed_on - requested_on as integer) > {days})
from request_level where age_days >= {days} and (is_open or closed_on is not null)
""",
    )
    return OpenAtAge(days=days, old_enough=old_enough, open=still_open, open_share=share(still_open, old_enough))


def _cases(query: Query) -> tuple[int, int]:
    """Cases of M3 with a status, and those whose status is not plainly CLOSED."""
    cases, still_open = one(
        query,
        """
select count(*), count(*) filter (where is_open)
from (
    select c.case_key, bool_or(upper(trim(c.casestatus)) <> 'CLOSED') as is_open
    from violation_case as c
    join (select distinct case_key from pair where is_m3) as matched on matched.case_key = c.case_key
    where c.casestatus <> ''
    group by c.case_key
) as cases
""",
    )
    return cases, still_open
