"""How long requests take where some are still open: the Kaplan-Meier median of each group, in SQL of both engines.

The share S of those still open falls at each closing by the part that the closing is of those who were open then; an
open request is one of them as long as it has lasted, and closes nothing (Kaplan & Meier, J. Am. Stat. Assoc. 53, 1958,
457-481). At equal times closings come before requests that are left, as there; taken one by one, equal closings make
the same S, for (1 - 1/r)(1 - 1/(r - 1)) is 1 - 2/r. The median is the first time at which S is at most a half.
"""

from __future__ import annotations

from collections.abc import Sequence

from li_perf.analysis.matching import Statement

NAMES = {"area": "place", "type": "kind"}  # column of names -> column of their numbers, by which sorting is fast

_NUMBERED = tuple(
    Statement(
        name=number,
        select=f"""
select {name}, cast(row_number() over (order by {name}) as integer) as {number}
from (select distinct {name} from measured) named
""",
    )
    for name, number in NAMES.items()
)
_LIFETIME = Statement(
    name="lifetime",
    select="""
select p.place, k.kind, m.requested_on, not m.is_open as is_closed, m.lasted_seconds
from measured m join place p on p.area = m.area join kind k on k.type = m.type
where m.lasted_seconds is not null
""",
)
NUMBERED = (*_NUMBERED, _LIFETIME)

# S is a product, and so exp of a sum of logarithms: of a thousand million of them, errors stay below the tolerance, by
# which an S that is a half counts as one. The last closing of all makes S 0, which the least number stands for.
_FALL = "case when is_closed then ln(greatest(1 - 1 / cast(at_risk as double), 1e-300)) else cast(0 as double) end"
_HALF = "ln(0.5) + 1e-9"


def medians(name: str, *, starts_on: str, by: Sequence[str]) -> Statement:
    """A table of groups whose S falls to a half: starts_on, those of `by`, km_median_ttr (days).

    `starts_on` is the SQL of a period's first day, `by` which of `area` and `type` make a group.
    """
    keys = ", ".join(("starts_on", *(NAMES[one] for one in by)))
    joins = " ".join(f"join {NAMES[one]} on {NAMES[one]}.{NAMES[one]} = found.{NAMES[one]}" for one in by)
    named = "".join(f", {NAMES[one]}.{one}" for one in by)
    return Statement(
        name=name,
        select=f"""
select found.starts_on{named}, found.seconds / cast(86400 as double) as km_median_ttr
from (
    select {keys}, min(lasted_seconds) as seconds
    from (
        select {keys}, lasted_seconds, sum({_FALL}) over (
            partition by {keys} order by lasted_seconds, at_risk desc rows between unbounded preceding and current row
        ) as log_share
        from (
            select *, row_number() over (partition by {keys} order by lasted_seconds desc, is_closed) as at_risk
            from (select place, kind, is_closed, lasted_seconds, {starts_on} as starts_on from lifetime) spanned
        ) ranked
    ) falling
    where log_share <= {_HALF}
    group by {keys}
) found {joins}
""",
    )
