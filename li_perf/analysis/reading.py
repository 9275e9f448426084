"""How the summaries ask the tables: a query is any function from one SQL text to rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from li_perf.analysis.findings import Spread

Query = Callable[[str], list[tuple[Any, ...]]]


def one(query: Query, sql: str) -> tuple[Any, ...]:
    """The only row of an answer."""
    (row,) = query(sql)
    return row


def spread(query: Query, counts: str) -> Spread:
    """The spread of column `x` of the select `counts`."""
    quantiles = ", ".join(f"percentile_cont({q}) within group (order by x)" for q in (0.5, 0.9))
    n, mean, median, p90, most = one(query, f"select count(*), avg(x), {quantiles}, max(x) from ({counts}) as counted")
    return Spread(n=n, mean=mean, median=median, p90=p90, max=most)
