"""Findings to render: a full year, one with nothing in it, and one whose every string is an attack."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from li_perf.analysis.findings import (
    Boundary,
    BuildingLevel,
    Check,
    Crosswalk,
    CurvePoint,
    Excess,
    Excluded,
    Findings,
    Headline,
    Incidents,
    Level,
    Lookups,
    MonthRow,
    Multiplicity,
    OpenAtAge,
    OpenWays,
    Prefill,
    Quantiles,
    RepeatParcel,
    RepeatParcels,
    ServiceRow,
    Source,
    Spread,
    Unmatched,
    Window,
)

ATTACKS = {
    "html": "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;",
    "formula": "=cmd|' /C calc'!A0",
    "lines": "first line\r\nsecond line\n\n\tthird",
    "control": "nul \x00 bell \x07 escape \x1b[31m red delete \x7f c1 \x9b",
    "bidi": "abc \u202e txt.exe \u2066 x \u2069 \u200f \ufeff",
    "surrogate": "half \ud83d a \udc00 pair",
    "long": "word " * 2000,
    "unbroken": "W" * 10_000,
    "wide": "漢字" * 5000,
    "accents": "e" + "\u0301" * 10_000,
    "template": "{{ 7 * 7 }} {% raw %} ${7*7}",
    "close": "</style></svg></title></pre>--> ]]>",
}

REQUESTS, LOCATED, MATURE = 28_388, 25_870, 22_104
DAYS = (0, 7, 14, 30, 45, 60, 90, 120, 180, 365, None)
AFTER = (0.021, 0.088, 0.137, 0.222, 0.268, 0.311, 0.376, 0.412, 0.466, 0.507, 0.523)
BEFORE = (0.0, 0.041, 0.071, 0.137, 0.165, 0.191, 0.229, 0.251, 0.292, 0.361, 0.448)


def level(definition: str, share: float) -> Level:
    def around(value: float, by: float) -> tuple[float, float]:
        return (value - by, value + by)

    everyone = share * LOCATED / REQUESTS
    return Level(
        definition=definition,
        matched=round(everyone * REQUESTS),
        share_all=everyone,
        share_located=share,
        share_mature=share * 1.01,
        matched_located=round(share * LOCATED),
        matched_mature=round(share * 1.01 * MATURE),
        located=LOCATED,
        mature=MATURE,
        interval_all=around(everyone, 0.005),
        interval_located=around(share, 0.006),
        interval_mature=around(share * 1.01, 0.006),
        cluster_interval_all=around(everyone, 0.011),
        cluster_interval_located=around(share, 0.012),
        cluster_interval_mature=around(share * 1.01, 0.012),
    )


def service(name: str | None, requests: int, share: float, lag: float | None) -> ServiceRow:
    located, inspected = round(requests * 0.91), round(requests * 0.8)
    return ServiceRow(
        service_name=name,
        requests=requests,
        located=located,
        m3=round(located * share),
        m3_share_located=share,
        m5=round(located * share * 0.7),
        m5_share_located=share * 0.7,
        inspected=inspected,
        unfounded=round(inspected * 0.34),
        unfounded_share=0.34,
        open=round(requests * 0.14),
        open_share=0.14,
        lag_median_days=lag,
    )


@pytest.fixture
def full() -> Findings:
    """A year like the real one, with 37 look-ups that failed."""
    monthly = (1890, 1764, 2203, 2488, 2701, 2950, 3012, 2880, 2604, 2377, 1866, 1653)
    share_open = (0.06, 0.07, 0.07, 0.08, 0.09, 0.1, 0.11, 0.13, 0.17, 0.22, 0.31, 0.44)
    background = level("A violation at the parcel in the 60 days before the request.", 0.191)
    return Findings(
        city="philadelphia",
        agency="License & Inspections",
        since="2025-01-01",
        until="2026-01-01",
        zone="America/New_York",
        extracted_at="2026-02-03T04:05:06Z",
        requests=REQUESTS,
        requests_open=4_021,
        open_share=4_021 / REQUESTS,
        distinct_addresses=19_467,
        headline=Headline(
            level="M3(60)",
            share=0.31411,
            definition="A violation at the same parcel is dated 0 to 60 days after the request.",
            denominator="Requests with a parcel that are old enough for the whole window.",
            numerator=6_943,
            denominator_count=MATURE,
            share_all=0.28342,
            interval=(0.308, 0.3203),
            cluster_interval=(0.3021, 0.3262),
        ),
        address_outcomes={
            "parcel_exact": 21_544,
            "parcel_building_only": 2_610,
            "parcel_ambiguous": 902,
            "point_only": 814,
            "intersection_or_block": 1_120,
            "address_null": 655,
            "parcel_not_found": 402,
            "no_account": 211,
            "address_unparseable": 64,
            "address_placeholder": 25,
            "lookup_failed": 41,
        },
        lookups=Lookups(
            asked=19_467,
            answered=19_430,
            failed=37,
            requests_sent=19_655,
            asked_more_than_once=12,
            unresolved_requests=41,
            by_source={"ais": 11_430, "local": 1, "opa": 7_999},
            outdated=12,
            max_age_days=30,
        ),
        prefill=Prefill(
            status="applied",
            reason=None,
            rows=583_711,
            left=19_467,
            matched=8_199,
            prefilled=7_999,
            sampled=200,
            audited=198,
            agreed=197,
            agreement=197 / 198,
            interval=(0.972, 0.9991),
        ),
        match_levels={
            "L0": level("The City's own complaint names the request, and its case has a violation.", 0.284),
            "M1": level("The parcel has a violation of any date: a history, not a match.", 0.744),
            "M2": level("A violation at the parcel on or after the day of the request.", 0.523),
            "M3(60)": level("A violation at the same parcel is dated 0 to 60 days after the request.", 0.311),
            "M4(60)": level("M3, and not more than 7 days after the request was closed.", 0.192),
            "M5(60)": level("M3, and of a kind that the service name allows.", 0.218),
            "M6(60)": level("Each case credits only the latest request before it.", 0.115),
        },
        background={"B(60)": background},
        excess={
            "E(60)": Excess(
                definition="M3 minus B: what is left when chance is taken away.",
                share_all=0.109,
                share_located=0.12,
                share_mature=0.1212,
                cluster_interval_all=(0.098, 0.12),
                cluster_interval_located=(0.108, 0.132),
                cluster_interval_mature=(-0.004, 0.133),
            )
        },
        lag_days=Quantiles(n=8_046, p10=2.0, p25=8.0, p50=19.0, p75=36.0, p90=50.5, p95=55.0),
        checks=[
            Check(name="outcomes add up", passed=True, detail="28,388 outcomes, 28,388 requests"),
            Check(name="M6 ≤ M4 ≤ M3 ≤ M2 ≤ M1", passed=True, detail="2,975 ≤ 4,967 ≤ 8,046 ≤ 13,530 ≤ 19,247"),
            Check(name="no violation before its request", passed=True, detail="0 pairs in M2 or stricter"),
        ],
        crosswalk=Crosswalk(
            covered=11_355,
            coverage=0.4,
            with_violation=6_021,
            inspected_none_found=3_870,
            pending=1_464,
            unfounded_share=0.3913,
            lag_p95_days=58.0,
        ),
        open_ways=OpenWays(
            status_open=4_021,
            status_open_share=0.14164,
            closed_at_null=4_052,
            closed_at_null_share=0.14274,
            closed_without_time=33,
            open_with_time=2,
            at_age=[
                OpenAtAge(days=30, old_enough=28_388, open=9_211, open_share=0.32447),
                OpenAtAge(days=60, old_enough=26_735, open=6_322, open_share=0.23647),
                OpenAtAge(days=90, old_enough=24_869, open=4_433, open_share=0.17825),
            ],
            matched_case_open=5_077,
            matched_case=8_046,
            matched_case_open_share=0.631,
        ),
        windows=[
            Window(
                days=days,
                mature=MATURE,
                m3=round(after * MATURE),
                m3_share=after,
                b=round(before * MATURE),
                b_share=before,
                e_share=after - before,
            )
            for days, after, before in zip(DAYS, AFTER, BEFORE, strict=True)
        ],
        by_service=[
            service("Maintenance Residential or Commercial", 11_203, 0.342, 17.0),
            service("Construction Complaints", 6_514, 0.281, 14.0),
            service("Vacant Lot Clean-Up", 3_877, 0.402, 22.0),
            service("Zoning Residential/Business", 2_960, 0.177, 26.0),
            service("Dangerous Building Complaint", 2_204, 0.388, 9.5),
            service("License Complaint", 1_101, 0.121, 31.0),
            service("Fire Safety Complaint", 520, 0.266, 12.0),
            service(None, 9, 0.0, None),
        ],
        by_month=[
            MonthRow(month=f"2025-{index:02}", requests=requests, open=round(requests * part), open_share=part)
            for index, (requests, part) in enumerate(zip(monthly, share_open, strict=True), start=1)
        ],
        incidents=[
            Incidents(gap_days=7, incidents=22_110, requests_per_incident=1.17, m3=7_001, m3_share=0.3166),
            Incidents(gap_days=30, incidents=19_873, requests_per_incident=1.3, m3=6_377, m3_share=0.3209),
        ],
        multiplicity=Multiplicity(
            pairs=31_402,
            cases_per_request=Spread(n=8_046, mean=1.31, median=1.0, p90=2.0, max=11),
            violations_per_request=Spread(n=8_046, mean=3.9, median=3.0, p90=8.0, max=74),
            requests_per_case=Spread(n=7_204, mean=1.46, median=1.0, p90=3.0, max=29),
        ),
        repeat_parcels=RepeatParcels(
            parcels=17_655,
            requests_per_parcel=Spread(n=17_655, mean=1.47, median=1.0, p90=3.0, max=86),
            share_from_repeated=0.4822,
            share_from_five_or_more=0.1177,
            m3_one_per_parcel=0.2684,
            top=[
                RepeatParcel(address="1400 N 10TH ST", requests=86, m3=61),
                RepeatParcel(address="5517 CHESTER AVE", requests=41, m3=12),
                RepeatParcel(address=None, requests=30, m3=0),
            ],
        ),
        building_level=[
            BuildingLevel(kind="parcel as asked", requests=22_358, m3=6_599, m3_share=0.2952),
            BuildingLevel(kind="building only", requests=2_610, m3=1_104, m3_share=0.423),
            BuildingLevel(kind="several accounts", requests=902, m3=343, m3_share=0.3803),
        ],
        cumulative_incidence=[
            CurvePoint(days=days, share=0.52 * (1 - 2.718281828 ** (-days / 65)) + 0.02) for days in range(366)
        ],
        same_day=597,
        unmatched=[
            Unmatched(reason="no violation at the parcel at all", requests=6_623),
            Unmatched(reason="violations only before the request", requests=5_717),
            Unmatched(reason="first violation after the window", requests=5_484),
            Unmatched(reason="no parcel", requests=2_518),
        ],
        boundary=Boundary(rows_gained=14, rows_lost=9),
        excluded=[
            Excluded(table="public_cases_fc", reason="duplicate service_request_id", rows=3),
            Excluded(table="violations", reason="no violation date", rows=118),
        ],
        sources=[
            Source(
                table="public_cases_fc",
                query="SELECT service_request_id, status FROM public_cases_fc\nWHERE agency_responsible = 'License & "
                "Inspections' AND requested_datetime >= '2025-01-01T05:00:00Z' ORDER BY service_request_id LIMIT 5000",
                counted_before=28_391,
                counted_after=28_391,
                received=28_391,
                kept=28_388,
                duplicates=3,
                rejected=0,
                restarts=0,
                missing_columns=[],
                sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            ),
            Source(
                table="violations",
                query="SELECT * FROM violations WHERE opa_account_num IN (…)",
                counted_before=None,
                counted_after=None,
                received=90_344,
                kept=90_226,
                duplicates=0,
                rejected=118,
                restarts=1,
                missing_columns=["caseprioritydesc"],
                sha256="60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
            ),
        ],
        failures={"server_error": 30, "unreachable": 7},
        limits=[
            "People report what they see and where they live, so the requests are not a sample of the City's faults.",
            "L&I also finds violations on its own; some matches are such inspections and not answers to a request.",
            "That two things happened at one place within a window does not show that one led to the other.",
        ],
        version="0.1.0",
        servers={"AIS": "https://api.phila.gov/ais/v2", "Carto": "https://phl.carto.com/api/v2/sql"},
    )


@pytest.fixture
def sparse(full: Findings) -> Findings:
    """No request at all: every list empty, every count 0, everything that can be unknown unknown."""
    return msgspec.convert(_emptied(msgspec.to_builtins(full)), Findings)


@pytest.fixture(params=ATTACKS)
def attack(request: pytest.FixtureRequest) -> str:
    return ATTACKS[request.param]


@pytest.fixture
def hostile(full: Findings, attack: str) -> Findings:
    """The full findings with every string, keys of dictionaries included, replaced by one attack."""
    fields = set(msgspec.structs.asdict(full)) | {"level", "days", "p10"}
    return msgspec.convert(_poisoned(msgspec.to_builtins(full), attack, fields), Findings)


def _emptied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _emptied_field(key, item) for key, item in value.items()}
    return type(value)() if isinstance(value, int) else value


def _emptied_field(key: str, value: Any) -> Any:
    keeps_entries = key in {"match_levels", "background", "excess"}
    if isinstance(value, tuple):
        return None
    if isinstance(value, list):
        return [] if key not in {"windows"} else [_emptied(item) | {"days": item["days"]} for item in value[:2]]
    if key in {"address_outcomes", "failures"}:
        return {}
    if isinstance(value, dict):
        return {name: _emptied(item) for name, item in value.items()} if keeps_entries else _emptied(value)
    return None if isinstance(value, float) or value is None or key == "max" else _emptied(value)


def _poisoned(value: Any, attack: str, fields: set[str]) -> Any:
    if isinstance(value, str):
        return attack
    if isinstance(value, list):
        return [_poisoned(item, attack, fields) for item in value]
    if isinstance(value, dict):
        is_open = set(value) <= OPEN_KEYS
        return {
            (f"{attack}{index}" if is_open else key): _poisoned(item, attack, fields)
            for index, (key, item) in enumerate(value.items())
        }
    return value


OPEN_KEYS = {
    *("L0", "M1", "M2", "M3(60)", "M4(60)", "M5(60)", "M6(60)", "B(60)", "E(60)", "server_error", "unreachable"),
    *("ais", "local", "opa", "AIS", "Carto"),
    *(
        "parcel_exact",
        "parcel_building_only",
        "parcel_ambiguous",
        "point_only",
        "intersection_or_block",
        "address_null",
    ),
    *("parcel_not_found", "no_account", "address_unparseable", "address_placeholder", "lookup_failed"),
}
