"""The City's property table as the simulator has it: AIS's truth, units, duplicates, and lies on demand."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

from li_perf.simulator.addresses import Kind
from li_perf.simulator.carto import Carto
from li_perf.simulator.city import SimulatedCity, build
from li_perf.simulator.faults import Faults
from li_perf.simulator.tables import PROPERTIES

SELECT = f"select parcel_number, location from {PROPERTIES} order by cartodb_id"


async def rows_of(carto: Carto, statement: str = SELECT) -> list[dict[str, Any]]:
    reply = await carto.answer({"q": statement})
    assert reply.status == 200, reply.body
    return json.loads(reply.body)["rows"]


def test_no_row_says_otherwise_than_ais(city: SimulatedCity) -> None:
    known = 0
    for row in city.properties:
        address = city.addresses.get(row["location"])
        if address is not None:
            known += 1
            assert row["parcel_number"] in address.accounts, address
    assert known > 100


def test_there_are_units_parcels_of_two_accounts_and_rows_that_stand_there_twice() -> None:
    city = build(tickets=2_000)
    at = defaultdict(set)
    for row in city.properties:
        at[row["location"]].add(row["parcel_number"])
    condominiums = [address for address in city.addresses.values() if address.kind is Kind.UNIT_CHILD]
    assert condominiums
    assert all(at[address.question] >= set(address.accounts) for address in condominiums)
    doubles = [address for address in city.addresses.values() if address.kind is Kind.TWO_ACCOUNTS]
    assert all(len(at[address.question]) == 2 for address in doubles)
    pairs = Counter((row["parcel_number"], row["location"], row["unit"]) for row in city.properties)
    assert any(count > 1 for count in pairs.values())
    assert {bool(row["unit"]) and row["unit"].isdigit() for row in city.properties} == {False, True}


def test_most_parcels_are_written_as_callers_write_them_and_some_are_of_nobody_who_called(city: SimulatedCity) -> None:
    written = {row["location"] for row in city.properties}
    assert 0.5 < sum(question in written for question in city.addresses) / len(city.addresses) < 0.9
    assert any(row["location"] not in city.addresses for row in city.properties)


async def test_a_share_of_the_rows_lies_and_the_same_seed_tells_the_same_lies(city: SimulatedCity) -> None:
    honest = await rows_of(Carto(city, Faults()))
    lying = await rows_of(Carto(city, Faults.parse("prefill_lies=0.1")))
    again = await rows_of(Carto(city, Faults.parse("prefill_lies=0.1")))
    other = await rows_of(Carto(city, Faults.parse("prefill_lies=0.1,seed=5")))
    changed = [new for old, new in zip(honest, lying, strict=True) if new != old]
    assert 0.04 < len(changed) / len(honest) < 0.18
    assert all(len(row["parcel_number"]) == 9 and row["parcel_number"].isdigit() for row in changed)
    assert lying == again != other


async def test_a_table_can_vanish_and_come_back(city: SimulatedCity) -> None:
    carto = Carto(city, Faults.parse(f"drop_table={PROPERTIES}"))
    reply = await carto.answer({"q": SELECT})
    assert (reply.status, json.loads(reply.body)["error"]) == (400, [f'relation "{PROPERTIES}" does not exist'])
    carto.change(Faults())
    assert await rows_of(carto)


def test_violations_carry_the_parcels_own_address(city: SimulatedCity) -> None:
    written = {house.text for address in city.addresses.values() for house in address.houses}
    of_parcels = [row for row in city.violations if row["opa_account_num"] and row["opa_account_num"] != "999999999"]
    assert sum(row["address"] in written for row in of_parcels) > 0.95 * len(of_parcels)
