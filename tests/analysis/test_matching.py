"""The match levels, case by case and against a reference that tries every request with every violation."""

from __future__ import annotations

import pytest
from support.chaos import bounded

from li_perf.analysis import matching

SEEDS = range(bounded(25, 60))
RICH = 24
FLAGS = ("l0", "m1", "m2", "m3", "m4", "m5", "m6", "b")


@pytest.mark.parametrize(
    ("on", "reached"),
    [
        (-61, "m1"),
        (-60, "m1 b"),
        (-1, "m1 b"),
        (0, "m1 m2 m3 m4 m6"),
        (60, "m1 m2 m3 m4 m6"),
        (61, "m1 m2"),
        (None, "m1"),
    ],
)
def test_a_violation_counts_by_its_local_day(world, on, reached):
    world.request("r", 0)
    world.violation(on)
    assert world.levels() == {"r": reached}


def test_a_violation_elsewhere_counts_for_nothing(world):
    world.request("r", 0)
    world.violation(5, account="p2")
    world.violation(5, account=None)
    assert world.levels() == {"r": ""}


def test_any_account_of_an_address_counts_and_makes_one_pair(world):
    world.request("r", 0, accounts=("p1", "p2"))
    world.request("s", 0, accounts=("p2", "p2"))
    world.violation(5, account="p2")
    assert world.matched().rows("select service_request_id, count(*) from pair group by 1 order by 1") == [
        ("r", 1),
        ("s", 1),
    ]


def test_blank_accounts_and_blank_cases_join_nothing(world):
    world.request("r", 0, accounts=("",))
    world.violation(5, account="", case="")
    world.complaint("", "r")
    assert world.levels() == {"r": ""}
    assert world.matched().rows("select located from request_level") == [(False,)]


def test_the_crosswalk_needs_no_parcel_and_no_order(world):
    world.request("r", 100, accounts=())
    world.violation(3, account="elsewhere", case="c")
    world.complaint("c", "r")
    assert world.levels() == {"r": "l0"}
    (pair,) = world.matched().rows("select is_l0, is_m1, is_m2, lag_days from pair")
    assert pair == (True, False, False, -97)


@pytest.mark.parametrize(("closed", "is_m4"), [(None, True), (22, False), (23, True), (40, True)])
def test_m4_allows_seven_days_after_the_closing(world, closed, is_m4):
    world.request("r", 0, closed=closed)
    world.violation(30)
    assert ("m4" in world.levels()["r"]) is is_m4


def test_an_open_request_with_a_closing_day_is_not_closed(world):
    world.request("r", 0, closed=1, is_open=True)
    world.violation(30)
    assert "m4" in world.levels()["r"]


@pytest.mark.parametrize(
    ("service", "family", "is_m5"),
    [("Fire", "fire", True), ("Fire", "zoning", False), ("Fire", None, False), (None, "fire", False)],
)
def test_m5_needs_a_subject_that_the_service_allows(world, service, family, is_m5):
    world.allow("Fire", "fire")
    world.request("r", 0, service=service)
    world.violation(5, family=family)
    assert ("m5" in world.levels()["r"]) is is_m5


def test_a_subject_that_is_allowed_twice_makes_no_second_pair(world):
    world.allow("Fire", "fire")
    world.allow("Fire", "fire")
    world.request("r", 0, service="Fire")
    world.violation(5, family="fire")
    assert world.matched().rows("select is_m5, count(*) from pair group by 1") == [(True, 1)]


def test_a_case_is_credited_to_the_latest_request_before_its_first_violation(world):
    world.request("early", 0)
    world.request("late", 10)
    world.request("too late", 16)
    world.violation(15, case="c")
    world.violation(40, case="c")
    levels = world.levels()
    assert [name for name, reached in levels.items() if "m6" in reached] == ["late"]
    assert "m3" in levels["too late"]


def test_requests_of_one_day_are_ordered_by_their_instant_and_then_by_identifier(world):
    world.request("b", 0, second=1)
    world.request("a", 0, second=2)
    world.request("d", 0, accounts=("p2",))
    world.request("c", 0, accounts=("p2",))
    world.violation(1, account="p1")
    world.violation(1, account="p2")
    assert sorted(name for name, reached in world.levels().items() if "m6" in reached) == ["a", "d"]


def test_violations_without_a_case_are_cases_of_their_own(world):
    world.request("early", 0)
    world.request("late", 10)
    world.violation(5)
    world.violation(15)
    assert all("m6" in reached for reached in world.levels().values())


def test_a_case_that_began_elsewhere_is_not_credited_here(world):
    world.request("r", 0)
    world.violation(5, account="p2", case="c")
    world.violation(30, account="p1", case="c")
    assert world.levels() == {"r": "m1 m2 m3 m4"}


def test_requests_without_an_address_stand_for_themselves(world):
    world.request("a", 0, accounts=(), address=None)
    world.request("b", 0, accounts=(), address=None, outcome="address_null")
    world.request("c", 0, accounts=(), address="-", outcome="address_placeholder")
    world.request("d", 0, accounts=(), address="-", outcome="address_placeholder")
    world.request("e", 0, accounts=(), address="1 A ST")
    world.request("f", 0, accounts=(), address="1 A ST")
    rows = world.matched().rows("select service_request_id, cluster_key from request_level")
    assert dict(rows) == {
        "a": "request a",
        "b": "request b",
        "c": "request c",
        "d": "request d",
        "e": "address 1 A ST",
        "f": "address 1 A ST",
    }


@pytest.mark.parametrize(("age", "is_mature"), [(59, False), (60, True)])
def test_a_request_is_mature_when_its_window_is_over(world, age, is_mature):
    world.extracted(age)
    world.request("r", 0)
    world.request("nowhere", 0, accounts=())
    rows = dict(world.matched().rows("select service_request_id, mature from request_level"))
    assert rows == {"r": is_mature, "nowhere": False}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_level_agrees_with_the_reference(random_world, seed):
    world = random_world(seed)
    columns = "l0, m1, m2, m3, m4, m5, m6, b, located, mature, first_lag_days, last_before_days, covered, inspected"
    rows = world.matched().rows(f"select service_request_id, {columns} from request_level")
    found = {row[0]: dict(zip(columns.split(", "), row[1:], strict=True)) for row in rows}
    assert found == Reference(world.tables).requests()


@pytest.mark.parametrize("seed", SEEDS)
def test_every_pair_agrees_with_the_reference(random_world, seed):
    world = random_world(seed)
    flags = "is_l0, is_m1, is_m2, is_m3, is_m4, is_m5, is_m6, is_background"
    rows = world.matched().rows(f"select service_request_id, violation_id, lag_days, {flags} from pair")
    assert len(rows) == len({row[:2] for row in rows})
    assert {row[:2]: row[2:] for row in rows} == Reference(world.tables).pairs()


def test_the_worlds_reach_every_level(random_world):
    rows = Reference(random_world(RICH).tables).requests().values()
    assert all(0 < sum(row[flag] for row in rows) < len(rows) for flag in FLAGS)


def test_statements_stay_in_the_common_subset():
    text = " ".join(statement.select for statement in matching.STATEMENTS).lower()
    assert not [word for word in ("qualify", "strftime", "dayofweek", "epoch", "::", "quantile_cont") if word in text]


class Reference:
    """The definitions, word by word, over plain rows."""

    def __init__(self, tables):
        self.tables = tables
        ((self.extracted_on, self.window),) = tables["setting"]
        self.accounts = {row[0]: set() for row in tables["ticket"]}
        for name, account in tables["ticket_account"]:
            self.accounts[name].add(account)
        self.allowed = set(tables["allowed"])
        self.credits = {(case, self.credited(case)) for case in map(self.case_of, tables["violation"])}

    @staticmethod
    def case_of(violation):
        return violation[2] or f"violation {violation[0]}"

    def lag(self, ticket, violation):
        return None if violation[4] is None else (violation[4] - ticket[4]).days

    def is_at(self, ticket, violation):
        return violation[3] in self.accounts[ticket[0]]

    def credited(self, case):
        dated = [v for v in self.tables["violation"] if self.case_of(v) == case and v[4] is not None]
        first = [v for v in dated if v[4] == min(v[4] for v in dated)]
        candidates = [
            (ticket[3], ticket[0])
            for ticket in self.tables["ticket"]
            for v in first
            if self.is_at(ticket, v) and 0 <= self.lag(ticket, v) <= self.window
        ]
        return max(candidates)[1] if candidates else None

    def flags(self, ticket, violation):
        lag, at = self.lag(ticket, violation), self.is_at(ticket, violation)
        l0 = any(case and case == violation[2] and name == ticket[0] for case, name, _ in self.tables["complaint"])
        m2 = at and lag is not None and lag >= 0
        m3 = m2 and lag <= self.window
        m4 = m3 and (ticket[2] or ticket[5] is None or (violation[4] - ticket[5]).days <= 7)
        m5 = m3 and (ticket[1], violation[6]) in self.allowed
        m6 = m3 and (self.case_of(violation), ticket[0]) in self.credits
        return (l0, at, m2, m3, m4, m5, m6, at and lag is not None and -self.window <= lag < 0)

    def pairs(self):
        found = {
            (t[0], v[0]): (self.lag(t, v), *self.flags(t, v))
            for t in self.tables["ticket"]
            for v in self.tables["violation"]
        }
        return {key: row for key, row in found.items() if row[1] or row[2]}

    def requests(self):
        pairs = self.pairs()
        return {ticket[0]: self.request(ticket, pairs) for ticket in self.tables["ticket"]}

    def request(self, ticket, pairs):
        mine = [row for (name, _), row in pairs.items() if name == ticket[0]]
        named = [is_inspected for _, name, is_inspected in self.tables["complaint"] if name == ticket[0]]
        located = bool(self.accounts[ticket[0]])
        flags = {flag: any(row[1 + n] for row in mine) for n, flag in enumerate(FLAGS)}
        dated = [row[0] for row in mine if row[2] and row[0] is not None]
        return flags | {
            "located": located,
            "mature": located and (self.extracted_on - ticket[4]).days >= self.window,
            "first_lag_days": min((lag for lag in dated if lag >= 0), default=None),
            "last_before_days": max((lag for lag in dated if lag < 0), default=None),
            "covered": bool(named),
            "inspected": any(named),
        }
