"""The generator: totals like those published for 2025, one city for a seed, a truth that agrees with the tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from functools import cache

import pytest

from li_perf.model import Outcome
from li_perf.simulator import moments, parcels
from li_perf.simulator.addresses import Address, Kind, question_of
from li_perf.simulator.city import SimulatedCity, build
from li_perf.simulator.request_rows import AGENCY


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


@cache
def _day(text: str) -> date:
    return moments.local_day(_moment(text))


def _tickets(city: SimulatedCity) -> list[dict[str, object]]:
    return [
        row
        for row in city.requests
        if row["agency_responsible"] == AGENCY and city.since <= _day(row["requested_datetime"]) < city.until
    ]


@pytest.fixture(scope="module")
def year() -> SimulatedCity:
    return build(tickets=45_656)


def test_the_totals_are_those_published_for_2025(year: SimulatedCity) -> None:
    tickets = _tickets(year)
    usable = [row for row in tickets if row["address"] not in (None, "", "-", ".")]
    assert len(tickets) == 45_656
    assert len(usable) == 44_748
    assert len({question_of(str(row["address"])) for row in usable}) == 28_388 == len(year.addresses)
    assert sum(row["status"] == "Open" for row in tickets) == 18_374
    assert sum(row["lat"] is not None for row in tickets) == 44_722


def test_about_half_of_the_tickets_have_a_violation_within_sixty_days(year: SimulatedCity) -> None:
    days = defaultdict(list)
    for row in year.violations:
        days[row["opa_account_num"]].append(_day(row["violationdate"]))
    matched = 0
    for row in _tickets(year):
        address = year.addresses.get(question_of(str(row["address"] or "")))
        at = _day(str(row["requested_datetime"]))
        found = [day for account in (address.accounts if address else ()) for day in days[account]]
        matched += any(0 <= (day - at).days <= 60 for day in found)
    assert 0.45 < matched / 45_656 < 0.58


def test_a_year_has_a_dozen_duplicated_violation_numbers_and_one_blank_account_in_a_hundred(
    year: SimulatedCity,
) -> None:
    numbers = Counter(row["violationnumber"] for row in year.violations)
    assert 4 <= sum(count > 1 for count in numbers.values()) <= 25
    blank = sum(row["opa_account_num"] == "" for row in year.violations) / len(year.violations)
    assert 0.005 < blank < 0.02


def test_summer_has_more_requests_than_winter(year: SimulatedCity) -> None:
    months = Counter(str(row["requested_datetime"])[5:7] for row in _tickets(year))
    assert months["07"] > 1.3 * months["02"]


def test_a_city_ten_times_smaller_keeps_the_shares() -> None:
    tickets = _tickets(build(tickets=4_566))
    assert len(tickets) == 4_566
    assert sum(row["status"] == "Open" for row in tickets) == pytest.approx(0.4024 * 4_566, abs=2)


def test_the_same_seed_makes_the_same_city_and_another_seed_another() -> None:
    one, same, other = (build(tickets=150, seed=seed) for seed in (5, 5, 6))
    assert (one.requests, one.violations, one.complaints, one.addresses) == (
        same.requests,
        same.violations,
        same.complaints,
        same.addresses,
    )
    assert one.requests != other.requests


@pytest.mark.parametrize("tickets", [0, 1, 3, 30])
def test_a_very_small_city_can_be_built(tickets: int) -> None:
    assert len(_tickets(build(tickets=tickets))) == tickets


def test_too_large_a_city_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    places = parcels._every_place()
    assert len(places) > 114_000
    monkeypatch.setattr(parcels, "_every_place", lambda: places[:2_000])
    with pytest.raises(ValueError, match="fewer tickets"):
        build(tickets=8_000)


def test_every_kind_of_address_occurs(city: SimulatedCity) -> None:
    assert {address.kind for address in city.addresses.values()} == set(Kind)


def test_every_address_is_on_a_ticket_and_every_usable_ticket_has_a_known_address(city: SimulatedCity) -> None:
    asked = {question_of(str(row["address"])) for row in _tickets(city) if row["address"] not in (None, "", "-", ".")}
    assert asked == set(city.addresses)


def test_outcomes_are_words_of_the_model(city: SimulatedCity) -> None:
    for address in city.addresses.values():
        assert address.outcome in set(Outcome)


def test_an_outcome_agrees_with_the_number_of_accounts(city: SimulatedCity) -> None:
    for address in city.addresses.values():
        if address.outcome == "parcel_exact":
            assert len(address.accounts) == (2 if address.kind is Kind.TWO_BASES_BY_ZIP else 1), address.question
        elif address.outcome in ("parcel_ambiguous", "parcel_building_only"):
            assert len(address.accounts) > 1, address.question
        else:
            assert address.accounts == (), address.question


def _served(address: Address) -> set[str]:
    return {account for house in address.houses for account in house.account.split("|")}


def test_accounts_are_nine_digits_and_come_from_the_features(city: SimulatedCity) -> None:
    located = [address for address in city.addresses.values() if address.accounts]
    for address in located:
        assert set(address.accounts) <= _served(address)
        assert all(len(account) == 9 and account.isdigit() for account in address.accounts)
    every = {account for address in located for account in address.accounts}
    assert any(account.startswith("0") for account in every)
    assert any(account.startswith("88") for account in every)


def test_the_zip_code_of_a_ticket_decides_between_two_halves_of_a_street(city: SimulatedCity) -> None:
    (address,) = [each for each in city.addresses.values() if each.kind is Kind.TWO_BASES_BY_ZIP][:1]
    zips = [house.zip_code for house in address.houses]
    assert len(set(zips)) == 2
    assert zips.count(address.zip_code) == 1


def test_two_parcels_never_share_an_account(year: SimulatedCity) -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for address in year.addresses.values():
        if address.outcome == "parcel_exact" and len(address.houses) == 1:
            owners[address.accounts[0]].add(address.houses[0].base)
    assert {account: names for account, names in owners.items() if len(names) > 1} == {}


def test_hostile_addresses_hold_the_characters_that_break_clients(city: SimulatedCity) -> None:
    text = "".join(address.question for address in city.addresses.values() if address.kind is Kind.HOSTILE)
    for character in "#/%;+?&\"'<=\x07\x1b\u202e🏠":
        assert character in text, repr(character)
    assert any(len(question) >= 80 for question in city.addresses)
    assert any("\n" in str(row["address"]) for row in build(tickets=2000).requests)


def test_ids_grow_with_time_and_do_not_repeat(city: SimulatedCity) -> None:
    ids = [row["service_request_id"] for row in city.requests]
    assert ids == sorted(set(ids))
    times = [row["requested_datetime"] for row in city.requests]
    assert times == sorted(times)


def test_rows_lie_around_the_edges_of_the_year(city: SimulatedCity) -> None:
    times = [row["requested_datetime"] for row in city.requests if row["agency_responsible"] == AGENCY]
    assert any("2025-01-01T00:00:00Z" <= time < "2025-01-01T05:00:00Z" for time in times)
    assert any(time < "2025-01-01T00:00:00Z" for time in times)
    assert any("2026-01-01T00:00:00Z" <= time < "2026-01-01T05:00:00Z" for time in times)
    assert any(time >= "2026-01-01T05:00:00Z" for time in times)


def test_the_period_may_be_another_one() -> None:
    city = build(tickets=100, since=date(2024, 3, 1), until=date(2024, 4, 1))
    assert len(_tickets(city)) == 100
    assert all(row["violationdate"] < "2024-04-16" for row in city.violations)


def test_a_closed_request_has_mostly_a_time_of_closing_and_an_open_one_never(year: SimulatedCity) -> None:
    tickets = _tickets(year)
    assert all(row["closed_datetime"] is None for row in tickets if row["status"] == "Open")
    missing = sum(row["closed_datetime"] is None for row in tickets if row["status"] == "Closed")
    assert 0 < missing < 200


def test_a_violation_is_usually_dated_at_local_midnight(year: SimulatedCity) -> None:
    hours = Counter(str(row["violationdate"])[11:] for row in year.violations)
    assert hours["05:00:00Z"] + hours["04:00:00Z"] > 0.85 * len(year.violations)
    winter = [row for row in year.violations if str(row["violationdate"])[5:7] == "01"]
    assert sum(row["violationdate"].endswith("T05:00:00Z") for row in winter) > 0.85 * len(winter)


def test_a_violation_of_the_tickets_own_day_looks_earlier_than_the_ticket(year: SimulatedCity) -> None:
    by_account = defaultdict(list)
    for row in year.violations:
        by_account[row["opa_account_num"]].append(str(row["violationdate"]))
    early = 0
    for row in _tickets(year):
        at = str(row["requested_datetime"])
        address = year.addresses.get(question_of(str(row["address"] or "")))
        dates = [d for account in (address.accounts if address else ()) for d in by_account[account]]
        early += any(_day(d) == _day(at) and d < at for d in dates)
    assert early > 500


def test_violations_begin_years_before_the_tickets_with_the_old_numbering(year: SimulatedCity) -> None:
    first = min(year.violations, key=lambda row: str(row["violationdate"]))
    assert first["violationdate"].startswith("2015-")
    assert first["violationnumber"].isdigit()
    assert first["systemofrecord"] == "HANSEN"
    newest = max(year.violations, key=lambda row: str(row["violationdate"]))
    assert newest["violationnumber"].startswith("VI-20")
    assert newest["casenumber"].startswith("CF-20")


def test_a_share_of_the_tickets_has_a_complaint_that_names_it(year: SimulatedCity) -> None:
    named = {row["ticket_num_311"] for row in year.complaints if row["ticket_num_311"] is not None}
    ids = {str(row["service_request_id"]) for row in _tickets(year)}
    assert named <= ids
    assert len(named) / len(ids) == pytest.approx(0.35, abs=0.02)
    assert any(row["ticket_num_311"] is None for row in year.complaints)
    assert any(row["initialinvestigation_date"] is None for row in year.complaints)


def test_a_complaints_case_leads_to_violations_sometimes_at_no_or_another_account(year: SimulatedCity) -> None:
    accounts = defaultdict(set)
    for row in year.violations:
        accounts[row["casenumber"]].add(row["opa_account_num"])
    cases = [row["casenumber"] for row in year.complaints if row["casenumber"]]
    assert sum(case in accounts for case in cases) > 0.6 * len(cases)
    assert any(case not in accounts for case in cases)
    assert any(accounts.get(case) == {""} for case in cases)
    assert any(accounts.get(case) == {"999999999"} for case in cases)


def test_rough_adds_five_odd_rows() -> None:
    plain, rough = build(tickets=100), build(tickets=100, rough=True)
    assert len(rough.requests) == len(plain.requests) + 5
    assert any(row["service_name"] is None for row in rough.requests)
    assert any(row["lon"] == 181.0 for row in rough.requests)
    assert {row["status"] for row in rough.requests} == {"Open", "Closed", "Pending"}
