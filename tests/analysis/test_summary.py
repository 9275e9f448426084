"""The summary, case by case and against figures counted in plain Python from the request rows and pairs."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from statistics import fmean, median

import msgspec
import pytest
from support.chaos import bounded

from li_perf.analysis.findings import Findings
from li_perf.analysis.limits import LIMITS
from li_perf.analysis.stats import wilson
from li_perf.analysis.summary import Summary, summarise
from li_perf.model import Outcome

SEEDS = range(bounded(10, 25))


def test_a_summary_has_fields_of_the_findings_under_their_names():
    assert set(Summary.__struct_fields__) < set(Findings.__struct_fields__)
    kinds = {field.name: field.type for field in msgspec.structs.fields(Findings)}
    assert all(kinds[field.name] == field.type for field in msgspec.structs.fields(Summary))


def test_levels_have_their_public_names(world):
    world.request("r", 0)
    summary = world.summary()
    assert list(summary.match_levels) == ["L0", "M1", "M2", "M3(60)", "M4(60)", "M5(60)", "M6(60)"]
    assert (list(summary.background), list(summary.excess)) == (["B(60)"], ["E(60)"])


def test_no_request_at_all_gives_no_share_and_no_error(world):
    summary = world.summary()
    assert summary.requests == 0
    assert summary.headline.share is None
    assert summary.match_levels["M3(60)"].interval_all is None
    assert all(check.passed for check in summary.checks)
    assert summary.cumulative_incidence == []


def test_the_same_tables_and_seed_give_the_same_summary(random_world):
    tables = random_world(24).matched()
    assert msgspec.json.encode(summarise(tables.rows)) == msgspec.json.encode(summarise(tables.rows))


def test_every_statement_stays_in_the_common_subset(random_world):
    tables, asked = random_world(24).matched(), []

    def listening(sql):
        asked.append(sql.lower())
        return tables.rows(sql)

    summarise(listening, replicates=2)
    unwanted = ("qualify", "strftime", "dayofweek", "epoch", "::", "quantile_cont", "date_diff", "concat(", "varchar")
    assert not [(word, sql) for sql in asked for word in unwanted if word in sql]


def test_the_headline_is_m3_of_mature_requests_while_the_crosswalk_covers_too_few(world):
    _ten_requests(world, covered=8)
    headline = world.summary().headline
    assert (headline.level, headline.numerator, headline.denominator_count, headline.share) == ("M3(60)", 2, 10, 0.2)
    assert headline.interval == wilson(2, 10)
    assert "60 days" in headline.definition
    assert "60 days" in headline.denominator


def test_the_headline_is_l0_where_the_crosswalk_covers_nine_in_ten(world):
    _ten_requests(world, covered=9)
    headline = world.summary().headline
    assert (headline.level, headline.numerator, headline.share) == ("L0", 1, 0.1)


def _ten_requests(world, covered):
    for n in range(10):
        world.request(f"r{n}", 0, accounts=(f"p{n}",))
    for n in range(covered):
        world.complaint(f"c{n}", f"r{n}", is_inspected=n < 4)
    world.violation(5, account="p0", case="c0")
    world.violation(5, account="p9", case="other")


def test_the_crosswalk_tells_found_from_none_found_and_from_pending(world):
    _ten_requests(world, covered=8)
    world.complaint("c4", "r4", is_inspected=True)
    crosswalk = world.summary().crosswalk
    assert (crosswalk.covered, crosswalk.coverage, crosswalk.with_violation) == (8, 0.8, 1)
    assert (crosswalk.inspected_none_found, crosswalk.pending, crosswalk.unfounded_share) == (4, 3, 0.5)
    assert crosswalk.lag_p95_days == 5


def test_young_requests_stay_out_of_the_mature_share(world):
    world.extracted(100)
    world.request("old", 0)
    world.request("young", 90, accounts=("p2",))
    world.violation(3)
    level = world.summary().match_levels["M3(60)"]
    assert (level.share_all, level.share_located, level.share_mature) == (0.5, 0.5, 1.0)
    assert (level.located, level.mature, level.matched_mature) == (2, 1, 1)


def test_the_excess_is_a_paired_difference(world):
    for n in range(40):
        world.request(f"r{n}", 100, accounts=(f"p{n}",))
        if n % 2:
            world.violation(99, account=f"p{n}")
            world.violation(101, account=f"p{n}")
    summary = world.summary(replicates=100)
    excess, m3 = summary.excess["E(60)"], summary.match_levels["M3(60)"]
    assert (excess.share_mature, excess.cluster_interval_mature) == (0.0, (0.0, 0.0))
    low, high = m3.cluster_interval_mature
    assert high - low > 0.2


def test_requests_of_one_parcel_are_resampled_together(world):
    for n in range(200):
        world.request(f"r{n}", 0, accounts=(f"p{n % 20}",))
    for n in range(10):
        world.violation(5, account=f"p{n}")
    level = world.summary(replicates=100).match_levels["M3(60)"]
    wilson_width, cluster_width = (high - low for low, high in (level.interval_located, level.cluster_interval_located))
    assert cluster_width > 2 * wilson_width


def test_incidents_join_requests_by_the_gap_to_the_one_before(world):
    for on in (0, 7, 14, 22, 60):
        world.request(f"r{on}", on)
    world.request("other service", 1, service="License Complaint")
    world.request("other parcel", 1, accounts=("p2",))
    world.request("nowhere", 1, accounts=())
    world.violation(60)
    found = {row.gap_days: row for row in world.summary().incidents}
    assert {gap: row.incidents for gap, row in found.items()} == {7: 5, 14: 4, 30: 4, 90: 3}
    assert [row.m3 for row in found.values()] == [4, 3, 3, 2]
    assert found[30].requests_per_incident == pytest.approx(7 / 4)


def test_reasons_for_no_match_are_told_apart(world):
    world.extracted(400)
    for name, account, on in [("before", "p1", -9), ("after", "p2", 61), ("undated", "p3", None), ("match", "p4", 9)]:
        world.request(name, 0, accounts=(account,))
        world.violation(on, account=account)
    world.request("both", 0, accounts=("p1", "p2"))
    world.request("none", 0, accounts=("p9",))
    world.request("lost", 0, accounts=(), outcome="lookup_failed")
    world.request("null", 0, accounts=(), outcome="address_null")
    assert {row.reason: row.requests for row in world.summary().unmatched} == {
        "First violation later than 60 days after the request": 2,
        "Violations only before the request": 1,
        "Violations without a date only": 1,
        "No violation at the parcel, of any date": 1,
        "Look-up failed: the parcel is not known": 1,
        "No parcel: address_null": 1,
    }


def test_open_is_counted_in_three_ways(world):
    world.extracted(100)
    world.request("open", 0, is_open=True)
    world.request("open with a time", 0, is_open=True, closed=5)
    world.request("closed", 0, closed=40)
    world.request("closed on the day", 0, closed=30)
    world.request("closed without a time", 0)
    world.request("young", 60, is_open=True)
    ways = world.summary().open_ways
    assert (ways.status_open, ways.status_open_share, ways.closed_at_null) == (3, 0.5, 3)
    assert (ways.closed_without_time, ways.open_with_time) == (1, 1)
    assert [(row.days, row.old_enough, row.open) for row in ways.at_age] == [(30, 5, 4), (60, 4, 2), (90, 4, 2)]


def test_cases_of_matched_requests_are_open_unless_closed(world):
    world.request("r", 0)
    for case, status in [("a", "CLOSED"), ("b", "IN VIOLATION"), ("c", "COMPLIED, BALANCE DUE"), ("d", None)]:
        world.violation(5, case=case, casestatus=status)
    world.violation(300, case="later", casestatus="IN VIOLATION")
    ways = world.summary().open_ways
    assert (ways.matched_case, ways.matched_case_open) == (3, 2)


def test_repeated_parcels_are_shown_by_address_only(world):
    for n in range(5):
        world.request(f"a{n}", n, accounts=("p3",), address="1 A ST" if n else "1 A ST UNIT 2")
    for n in range(2):
        world.request(f"b{n}", n, accounts=("p2",), address="2 B ST")
    world.request("c", 0, address=None)
    world.violation(1, account="p3")
    repeats = world.summary().repeat_parcels
    assert [(row.address, row.requests, row.m3) for row in repeats.top] == [
        ("1 A ST", 5, 2),
        ("2 B ST", 2, 0),
        (None, 1, 0),
    ]
    assert (repeats.parcels, repeats.share_from_repeated, repeats.share_from_five_or_more) == (3, 7 / 8, 5 / 8)
    assert repeats.m3_one_per_parcel == pytest.approx(1 / 3)


def test_at_most_twenty_parcels_are_listed(world):
    for n in range(25):
        world.request(f"r{n}", 0, accounts=(f"p{n:02}",))
    assert len(world.summary().repeat_parcels.top) == 20


def test_buildings_and_ambiguous_parcels_are_shown_apart(world):
    world.request("a", 0)
    world.request("b", 0, outcome="parcel_ambiguous")
    world.request("c", 0, outcome="parcel_building_only", is_building_level=True)
    world.request("d", 0, accounts=("p2",), outcome="parcel_ambiguous")
    world.violation(0)
    assert [(row.kind, row.requests, row.m3) for row in world.summary().building_level] == [
        ("as_asked", 1, 1),
        ("building_only", 1, 1),
        ("ambiguous", 2, 1),
    ]


def test_closing_a_request_does_not_end_its_watch(world):
    world.extracted(100)
    world.request("a", 0, closed=1)
    world.request("b", 90, accounts=("p2",))
    world.request("c", 0, accounts=("p3",))
    world.violation(20)
    curve = {point.days: point.share for point in world.summary().cumulative_incidence}
    assert (curve[0], curve[15], curve[20], curve[100]) == (0, 0, 0.5, 0.5)
    assert max(curve) == 100


def test_nobody_is_watched_beyond_the_day_of_extraction(world):
    world.extracted(100)
    world.request("a", 0)
    world.request("from the future", 101)
    world.violation(150)
    assert [(point.days, point.share) for point in world.summary().cumulative_incidence][-1] == (100, 0)


def test_every_outcome_is_listed_and_an_unknown_one_is_not_hidden(world):
    world.request("a", 0)
    world.request("b", 0, outcome="lost in the post")
    outcomes = world.summary().address_outcomes
    assert outcomes == {outcome.value: 0 for outcome in Outcome} | {"parcel_exact": 1, "lost in the post": 1}


def test_what_the_figures_do_not_show_is_said_in_sentences():
    assert all(text.endswith(".") and len(text) > 80 for text in LIMITS)
    for subject in ("Proactive", "causation", "Condominiums", "Accounts that change", "snapshot", "reported"):
        assert sum(subject in text for text in LIMITS) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_the_summary_agrees_with_plain_counting(random_world, seed):
    world = random_world(seed)
    summary, plain = world.summary(), Plain(world)
    window = world.tables["setting"][0][1]
    assert {name: level.matched for name, level in (summary.match_levels | summary.background).items()} == {
        name if name in ("L0", "M1", "M2") else f"{name}({window})": sum(row[name.lower()] for row in plain.rows)
        for name in ("L0", "M1", "M2", "M3", "M4", "M5", "M6", "B")
    }
    assert [(row.days, row.mature, row.m3, row.b) for row in summary.windows] == [
        plain.window(row.days) for row in summary.windows
    ]
    assert [(row.incidents, row.m3) for row in summary.incidents] == [plain.incidents(gap) for gap in (7, 14, 30, 90)]
    assert sum(row.requests for row in summary.unmatched) == sum(not row["m3"] for row in plain.rows)
    assert sum(row.requests for row in summary.by_month) == summary.requests == len(plain.rows)
    assert summary.same_day == sum(row["first_lag_days"] == 0 for row in plain.rows)
    assert summary.lag_days.p50 == (median(plain.lags) if plain.lags else None)
    assert plain.services() == {
        row.service_name: (row.requests, row.located, row.m3, row.m5, row.inspected, row.unfounded, row.open)
        for row in summary.by_service
    }
    assert plain.multiplicity() == [
        (row.n, row.mean, row.median, row.max)
        for row in (
            summary.multiplicity.cases_per_request,
            summary.multiplicity.violations_per_request,
            summary.multiplicity.requests_per_case,
        )
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_share_lies_in_its_intervals(random_world, seed):
    summary = random_world(seed).summary(replicates=200)
    for level in (summary.match_levels | summary.background).values():
        for share, interval in [
            (level.share_all, level.interval_all),
            (level.share_located, level.interval_located),
            (level.share_mature, level.interval_mature),
            (level.share_all, level.cluster_interval_all),
            (level.share_located, level.cluster_interval_located),
        ]:
            assert (share is None and interval is None) or interval[0] <= share <= interval[1]


class Plain:
    """The summary's counts, from the request rows and pairs, a request at a time."""

    def __init__(self, world):
        tables = world.matched()
        columns = (
            "service_request_id, service_name, requested_at, requested_on, parcel, located, age_days, is_open, "
            "inspected, l0, m1, m2, m3, m4, m5, m6, b, first_lag_days"
        )
        self.rows = [
            dict(zip(columns.split(", "), row, strict=True))
            for row in tables.rows(f"select {columns} from request_level")
        ]
        self.pairs = tables.rows("select service_request_id, violation_id, case_key, lag_days, is_m1, is_m3 from pair")
        self.lags = [row["first_lag_days"] for row in self.rows if row["m3"]]

    def window(self, days):
        located = [row for row in self.rows if row["located"] and (days is None or row["age_days"] >= days)]
        names = {row["service_request_id"] for row in located}
        lags = [(name, lag) for name, _, _, lag, is_m1, _ in self.pairs if name in names and is_m1 and lag is not None]
        after = {name for name, lag in lags if lag >= 0 and (days is None or lag <= days)}
        before = {name for name, lag in lags if lag < 0 and (days is None or lag >= -days)}
        return (days, len(located), len(after), len(before))

    def incidents(self, gap):
        groups = defaultdict(list)
        for row in sorted(self.rows, key=lambda row: (row["requested_at"], row["service_request_id"])):
            if row["located"]:
                groups[row["parcel"], row["service_name"]].append(row)
        found = []
        for rows in groups.values():
            before = None
            for row in rows:
                if before is None or row["requested_on"] - before > timedelta(days=gap):
                    found.append(False)
                found[-1] |= row["m3"]
                before = row["requested_on"]
        return (len(found), sum(found))

    def services(self):
        found = defaultdict(Counter)
        for row in self.rows:
            counts = found[row["service_name"]]
            counts.update({"n": 1} | {key: int(row[key]) for key in ("located", "m3", "m5", "inspected", "is_open")})
            counts["unfounded"] += row["inspected"] and not row["l0"]
        keys = ("n", "located", "m3", "m5", "inspected", "unfounded", "is_open")
        return {name: tuple(counts[key] for key in keys) for name, counts in found.items()}

    def multiplicity(self):
        matched = [pair for pair in self.pairs if pair[5]]
        return [self.spread(matched, 0, 2), self.spread(matched, 0, 1), self.spread(matched, 2, 0)]

    @staticmethod
    def spread(pairs, group, counted):
        sets = defaultdict(set)
        for pair in pairs:
            sets[pair[group]].add(pair[counted])
        sizes = [len(members) for members in sets.values()]
        return (len(sizes), fmean(sizes), median(sizes), max(sizes)) if sizes else (0, None, None, None)
