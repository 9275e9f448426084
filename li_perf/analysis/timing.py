"""How long from a request to a violation: windows, lags, and the curve that allows for what has not been seen yet."""

from __future__ import annotations

from itertools import takewhile

from li_perf.analysis.findings import CurvePoint, Quantiles, Window
from li_perf.analysis.reading import Query, one
from li_perf.analysis.stats import cumulative_incidence, share

WINDOWS = (0, 7, 14, 30, 45, 60, 90, 120, 180, 365, None)
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
CURVE_STEP_DAYS = 5


def windows(query: Query) -> list[Window]:
    """M3, B and E for each window, each among the requests with a parcel that are old enough for it."""
    return [_window(query, days) for days in WINDOWS]


def _window(query: Query, days: int | None) -> Window:
    after = "first_lag_days is not null" if days is None else f"first_lag_days <= {days}"
    before = "last_before_days is not null" if days is None else f"last_before_days >= -{days}"
    mature, m3, b = one(
        query,
        f"select count(*), count(*) filter (where {after}), count(*) filter (where {before}) "
        f"from request_level where located and {'true' if days is None else f'age_days >= {days}'}",
    )
    return Window(
        days=days,
        mature=mature,
        m3=m3,
        m3_share=share(m3, mature),
        b=b,
        b_share=share(b, mature),
        e_share=share(m3 - b, mature),
    )


def lag_days(query: Query) -> Quantiles:
    """Days from a request to the first violation on or after it, among requests matched by M3."""
    asked = ", ".join(f"percentile_cont({q}) within group (order by first_lag_days)" for q in QUANTILES)
    n, p10, p25, p50, p75, p90, p95 = one(query, f"select count(*), {asked} from request_level where m3")
    return Quantiles(n=n, p10=p10, p25=p25, p50=p50, p75=p75, p90=p90, p95=p95)


def same_day(query: Query) -> int:
    """Requests with a violation at their parcel on their own day."""
    return int(one(query, "select count(*) from request_level where m3 and first_lag_days = 0")[0])


def incidence(query: Query) -> list[CurvePoint]:
    """The share of requests with a parcel that had a violation by then, every few days as far as requests were watched.

    A request without one is censored on the day of extraction; closing it does not end the watch.
    """
    subjects = {
        (time, is_event): n
        for time, is_event, n in query(
            "select least(coalesce(first_lag_days, age_days), age_days), coalesce(first_lag_days <= age_days, false), "
            "count(*) from request_level where located and age_days >= 0 group by 1, 2"
        )
    }
    curve = cumulative_incidence(subjects)
    last = max((time for time, _ in subjects), default=-1)
    return [CurvePoint(days=days, share=_at(curve, days)) for days in range(0, last + 1, CURVE_STEP_DAYS)]


def _at(curve: list[tuple[int, float]], days: int) -> float:
    return max((share for _, share in takewhile(lambda point: point[0] <= days, curve)), default=0.0)
