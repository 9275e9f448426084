"""The findings: what report.json holds, in order; docs/report.schema.json is made from these."""

from __future__ import annotations

import msgspec


class Lookups(msgspec.Struct, frozen=True, kw_only=True):
    """Questions to the address service; `requests_sent` counts wire requests, repeats included.

    `fetches_failed` and `fetches_pending` are parcels and cases whose violations are missing. `by_source` says who
    answered; `outdated` answers were older than `max_age_days` when the run began, and no newer ones could be had yet.
    """

    asked: int
    answered: int
    failed: int
    requests_sent: int
    pending: int = 0
    asked_more_than_once: int = 0
    unresolved_requests: int = 0
    fetches_failed: int = 0
    fetches_pending: int = 0
    by_source: dict[str, int] = {}
    outdated: int = 0
    max_age_days: int | None = None


class Prefill(msgspec.Struct, frozen=True, kw_only=True):
    """The first pass over the City's own pairs of address and account; `status` is applied, refused or skipped.

    Of `left` questions, `matched` stand in its table of `rows` rows; `sampled` of these were asked all the same:
    `audited` have an answer, `agreed` name the City's account (`agreement`, with Wilson's 95 %). `prefilled` were not
    asked.
    """

    status: str
    reason: str | None
    rows: int
    left: int
    matched: int
    prefilled: int
    sampled: int
    audited: int
    agreed: int
    agreement: float | None
    interval: tuple[float, float] | None


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """A match level: requests matched; their share of all, of those with a parcel, of the mature ones with a parcel.

    A share whose denominator is 0 is null; `interval_*` is Wilson's 95 %, `cluster_interval_*` a bootstrap by parcel.
    """

    definition: str
    matched: int
    share_all: float | None
    share_located: float | None
    share_mature: float | None
    matched_located: int
    matched_mature: int
    located: int
    mature: int
    interval_all: tuple[float, float] | None
    interval_located: tuple[float, float] | None
    interval_mature: tuple[float, float] | None
    cluster_interval_all: tuple[float, float] | None
    cluster_interval_located: tuple[float, float] | None
    cluster_interval_mature: tuple[float, float] | None


class Excess(msgspec.Struct, frozen=True, kw_only=True):
    """M3 minus B, for each denominator."""

    definition: str
    share_all: float | None
    share_located: float | None
    share_mature: float | None
    cluster_interval_all: tuple[float, float] | None
    cluster_interval_located: tuple[float, float] | None
    cluster_interval_mature: tuple[float, float] | None


class Headline(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to the second question: `share` is `numerator / denominator`."""

    level: str
    share: float | None
    definition: str
    denominator: str
    numerator: int
    denominator_count: int
    share_all: float | None
    interval: tuple[float, float] | None
    cluster_interval: tuple[float, float] | None


class Quantiles(msgspec.Struct, frozen=True, kw_only=True):
    """Days from a request to the first violation at its parcel on or after it, within the primary window."""

    n: int
    p10: float | None
    p25: float | None
    p50: float | None
    p75: float | None
    p90: float | None
    p95: float | None


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """M3, B and E for one window, of mature requests with a parcel; `days` null is "any later" (B: any earlier)."""

    days: int | None
    mature: int
    m3: int
    m3_share: float | None
    b: int
    b_share: float | None
    e_share: float | None


class ServiceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One service name; `unfounded_share` is `unfounded / covered`, as in the crosswalk."""

    service_name: str | None
    requests: int
    located: int
    m3: int
    m3_share_located: float | None
    m5: int
    m5_share_located: float | None
    inspected: int
    unfounded: int
    unfounded_share: float | None
    open: int
    open_share: float | None
    lag_median_days: float | None
    covered: int = 0


class MonthRow(msgspec.Struct, frozen=True, kw_only=True):
    """One local month, `YYYY-MM`."""

    month: str
    requests: int
    open: int
    open_share: float


class OpenWays(msgspec.Struct, frozen=True, kw_only=True):
    """Percent open, in three ways, and the two columns' disagreement."""

    status_open: int
    status_open_share: float | None
    closed_at_null: int
    closed_at_null_share: float | None
    closed_without_time: int
    open_with_time: int
    at_age: list[OpenAtAge]
    matched_case_open: int
    matched_case: int
    matched_case_open_share: float | None


class OpenAtAge(msgspec.Struct, frozen=True, kw_only=True):
    """Requests still open `days` after they were made, among those at least that old."""

    days: int
    old_enough: int
    open: int
    open_share: float | None


class Crosswalk(msgspec.Struct, frozen=True, kw_only=True):
    """L0's coverage: requests that a complaint names; `inspected_none_found` and `pending` are L0i."""

    covered: int
    coverage: float | None
    with_violation: int
    inspected_none_found: int
    pending: int
    unfounded_share: float | None
    lag_p95_days: float | None


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Mean, median, 90th percentile and maximum of a count."""

    n: int
    mean: float | None
    median: float | None
    p90: float | None
    max: int | None


class Multiplicity(msgspec.Struct, frozen=True, kw_only=True):
    """How many pairs, cases and violations a matched request (M3) has, and requests a case."""

    pairs: int
    cases_per_request: Spread
    violations_per_request: Spread
    requests_per_case: Spread


class Incidents(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of one parcel and service within `gap_days` of the one before are one incident."""

    gap_days: int
    incidents: int
    requests_per_incident: float | None
    m3: int
    m3_share: float | None


class RepeatParcel(msgspec.Struct, frozen=True, kw_only=True):
    """One parcel that was complained about often."""

    address: str | None
    requests: int
    m3: int


class RepeatParcels(msgspec.Struct, frozen=True, kw_only=True):
    """Requests a parcel."""

    parcels: int
    requests_per_parcel: Spread
    share_from_repeated: float | None
    share_from_five_or_more: float | None
    m3_one_per_parcel: float | None
    top: list[RepeatParcel]


class BuildingLevel(msgspec.Struct, frozen=True, kw_only=True):
    """M3 for parcels found as asked, apart from those found for the building only, and for ambiguous ones."""

    kind: str
    requests: int
    m3: int
    m3_share: float | None


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """1 − Kaplan–Meier: share of requests with a parcel that had a violation by `days` days."""

    days: int
    share: float


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check of the figures against each other.

    What holds by definition is certain; the rest is expected only, and a reader is told without alarm where it fails.
    """

    name: str
    passed: bool
    detail: str
    is_certain: bool = True


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One download: what the server counted, what came, what became of it, and the hash of the pages received."""

    table: str
    query: str
    counted_before: int | None
    counted_after: int | None
    received: int
    kept: int
    duplicates: int
    rejected: int
    restarts: int
    missing_columns: list[str]
    sha256: str


class Boundary(msgspec.Struct, frozen=True, kw_only=True):
    """What a UTC year boundary would move: rows it would bring in, and rows it would drop."""

    rows_gained: int | None
    rows_lost: int


class Excluded(msgspec.Struct, frozen=True, kw_only=True):
    """Rows left out, and why."""

    table: str
    reason: str
    rows: int


class Unmatched(msgspec.Struct, frozen=True, kw_only=True):
    """Why requests have no M3 match."""

    reason: str
    requests: int


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report.

    `servers` is the address at which each was asked; `is_made_up` says that one of them was on this machine, as those
    of a simulated city are.
    """

    city: str
    agency: str
    since: str
    until: str
    zone: str
    extracted_at: str
    requests: int
    requests_open: int
    open_share: float | None
    distinct_addresses: int
    headline: Headline
    address_outcomes: dict[str, int]
    lookups: Lookups
    match_levels: dict[str, Level]
    background: dict[str, Level]
    excess: dict[str, Excess]
    lag_days: Quantiles
    checks: list[Check]
    crosswalk: Crosswalk
    open_ways: OpenWays
    windows: list[Window]
    by_service: list[ServiceRow]
    by_month: list[MonthRow]
    incidents: list[Incidents]
    multiplicity: Multiplicity
    repeat_parcels: RepeatParcels
    building_level: list[BuildingLevel]
    cumulative_incidence: list[CurvePoint]
    same_day: int
    unmatched: list[Unmatched]
    boundary: Boundary
    excluded: list[Excluded]
    sources: list[Source]
    failures: dict[str, int]
    limits: list[str]
    version: str
    prefill: Prefill | None = None
    servers: dict[str, str] = {}
    is_made_up: bool = False
