"""What each measure means: its published definition, its unit, what it is taken over, and what that leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from li_perf.analysis.metrics import HIGHEST_SCORE, OF_TYPES_IN_AREAS, ON_TIME_TARGET_PCT


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """`n` and the values of `excluded` (reason -> column) name columns of `metrics`' table `measure`."""

    name: str
    unit: str
    definition: str
    n: str = "volume"
    excluded: Mapping[str, str] = field(default_factory=dict)


FIRST_CALL = {"resolved on the first call": "first_call"}
UNTIMED, NEGATIVE = "closed, and nobody knows when", "closed before it was opened"
NOT_TIMED = {"still open": "x_open", UNTIMED: "x_untimed", NEGATIVE: "x_negative", **FIRST_CALL}
NOT_DUE = {
    **FIRST_CALL,
    "no target": "x_no_target",
    "open and not due yet": "x_not_due",
    UNTIMED: "x_due_untimed",
    NEGATIVE: "x_due_negative",
}
BY_DAY = {"the day of closing is known, not the hour": "x_by_day"}

MEASURES = (
    Measure(name="volume", unit="requests", definition="Requests opened in the period, with a place or without."),
    Measure(
        name="volume_unplaced",
        unit="requests",
        definition="Requests opened in the period that name no area.",
    ),
    Measure(
        name="first_call",
        unit="requests",
        definition="Requests that whoever took the call resolved at once; they are in the volume and in no time.",
    ),
    Measure(
        name="open_requests",
        unit="requests",
        definition="Requests opened in the period that are open as of the download, overdue ones included.",
    ),
    Measure(
        name="backlog",
        unit="requests",
        definition="Requests without a closing time: the open ones, and those closed when nobody knows.",
    ),
    Measure(name="closed_requests", unit="requests", definition="Requests opened in the period that are not open."),
    Measure(
        name="avg_ttr",
        unit="days",
        definition="Mean days from opening to closing of closed requests whose place is known.",
        n="n_placed_ttr",
        excluded={**NOT_TIMED, "place unknown": "x_timed_unplaced"},
    ),
    Measure(
        name="mean_ttr",
        unit="days",
        definition="Mean days from opening to closing of closed requests.",
        n="n_ttr",
        excluded=NOT_TIMED,
    ),
    Measure(
        name="median_ttr",
        unit="days",
        definition="Median days from opening to closing of closed requests; whole days where only days are known.",
        n="n_ttr",
        excluded=NOT_TIMED,
    ),
    Measure(
        name="p90_ttr",
        unit="days",
        definition="The days within which nine of ten closed requests were closed (linear between neighbours).",
        n="n_ttr",
        excluded=NOT_TIMED,
    ),
    Measure(
        name="km_median_ttr",
        unit="days",
        definition=(
            "Days within which half of the requests are closed, those still open counted for as long as they are open "
            "(Kaplan-Meier median); none where not half are closed by then."
        ),
        n="n_km_ttr",
        excluded={UNTIMED: "x_untimed", NEGATIVE: "x_negative", **FIRST_CALL},
    ),
    Measure(
        name="median_ttr_hours",
        unit="hours",
        definition="Median hours from opening to closing of closed requests whose closing has an hour.",
        n="n_ttr_hours",
        excluded=NOT_TIMED | BY_DAY,
    ),
    Measure(
        name="p90_ttr_hours",
        unit="hours",
        definition="The hours within which nine of ten were closed, of closed requests whose closing has an hour.",
        n="n_ttr_hours",
        excluded=NOT_TIMED | BY_DAY,
    ),
    Measure(
        name="avg_ttu",
        unit="days",
        definition="Mean days from opening to the last update, of requests whose place is known; bulk updates too.",
        n="n_ttu",
        excluded={**FIRST_CALL, "place unknown": "x_unplaced", "no time of an update": "x_not_updated"},
    ),
    Measure(
        name="on_time_pct",
        unit="percent",
        definition=(
            "Share of requests closed within their target, of those closed and those open past it: the request's own "
            "due date, else its type's target, else the city's."
        ),
        n="n_on_time",
        excluded=NOT_DUE,
    ),
    Measure(
        name="city_score",
        unit="score",
        definition=(
            f"on_time_pct over {ON_TIME_TARGET_PCT} percent, at most {HIGHEST_SCORE}: 1 is that share on time, as "
            "Boston's CityScore rates it; no city here publishes a share of its own."
        ),
        n="n_on_time",
        excluded=NOT_DUE,
    ),
    Measure(
        name="reopen_pct",
        unit="percent",
        definition=(
            "Share of requests closed at least once that the city says were opened again; none where its rows tell of "
            "no reopening at all, which may be silence."
        ),
        n="n_reopen",
        excluded={"never closed": "x_never_closed", "the city does not tell": "x_untold"},
    ),
    *(
        Measure(
            name=f"backlog_age_{name}",
            unit="requests",
            definition=f"Open requests opened {span} local days before the download.",
            n="open_requests",
        )
        for name, span in (("0_7", "0 to 7"), ("8_30", "8 to 30"), ("31_90", "31 to 90"), ("91", "91 or more"))
    ),
)

# What is worth a number a week: a week of one type in one place has few requests.
BY_WEEK = tuple(one for one in MEASURES if one.name in ("volume", "open_requests", "closed_requests", "median_ttr"))

ROLLING = Measure(
    name="volume_7d",
    unit="requests",
    definition="Requests opened on the local day and the six before it.",
)

BY_NAME: Mapping[str, Measure] = MappingProxyType({measure.name: measure for measure in MEASURES})


def made(period: str) -> tuple[Measure, ...]:
    """The measures that there are by such a period."""
    return BY_WEEK if period == "week" else MEASURES


def never_made(names: Iterable[str], *, level: str, period: str) -> str | None:
    """The sentence for what is never measured, as nothing would be no answer; None where all of it is."""
    if level == "area_type" and period not in OF_TYPES_IN_AREAS:
        return f"By area and type there are figures for these periods only: {', '.join(sorted(OF_TYPES_IN_AREAS))}."
    if never := [name for name in names if BY_NAME[name] not in made(period)]:
        few = ", ".join(measure.name for measure in made(period))
        return f"By {period} there is no {', '.join(never)}; there are {few}."
    return None
