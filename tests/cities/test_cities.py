"""What holds for every city that the product knows."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from li_perf.cities import CITIES
from li_perf.cities.city import City
from li_perf.model import Reject, Ticket

EVERY = pytest.mark.parametrize("city", CITIES.values(), ids=CITIES.keys())
NAMING_PEOPLE = {"reporter_display", "description", "request_text", "mobile_description"}
VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.lists(st.text(), max_size=2)
)


def columns(city: City) -> list[str]:
    return [*city.requests.required, *city.requests.optional]


def test_cities_stand_under_names_that_can_be_typed() -> None:
    assert {"philadelphia", "gainesville", "vancouver", "new-york", "nashville"} <= set(CITIES)
    assert all(CITIES[city.name] is city for city in CITIES.values())
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", name) for name in CITIES)


@EVERY
def test_a_city_says_where_it_is_and_where_its_portal_is(city: City) -> None:
    assert isinstance(city.zone, ZoneInfo)
    assert city.portal_url.startswith("https://")
    assert not city.portal_url.endswith("/")


@EVERY
def test_no_column_is_asked_for_twice_and_none_that_names_people(city: City) -> None:
    assert len(set(columns(city))) == len(columns(city))
    assert not NAMING_PEOPLE & {name.casefold() for name in columns(city)}


@EVERY
def test_the_time_by_which_a_period_is_asked_for_is_a_column_that_there_must_be(city: City) -> None:
    opened_in = getattr(city.requests.portal, "opened_in", None)  # Open311 has parameters of its own for it
    assert opened_in in city.requests.required or city.requests.portal.title == "Open311"


@EVERY
def test_words_of_status_are_compared_in_lower_case(city: City) -> None:
    assert city.closed_words
    assert all(word == word.casefold() for word in city.closed_words)


@EVERY
def test_todays_name_of_a_type_is_not_itself_an_older_one(city: City) -> None:
    assert not set(city.aliases.values()) & set(city.aliases)


@EVERY
@pytest.mark.parametrize("row", [None, [], "a", 1, {}, {"status": "Open"}])
def test_what_is_no_row_is_rejected_with_a_reason(city: City, row: Any) -> None:
    read = city.requests.read(row)
    assert isinstance(read, Reject)
    assert read.reason
    assert list(city.requests.identify([read], [])) == [read]


@EVERY
@given(data=st.data())
@settings(deadline=None, max_examples=30)
def test_whatever_the_values_are_a_row_is_a_ticket_or_a_reject(city: City, data: st.DataObject) -> None:
    row = {name: data.draw(VALUES, label=name) for name in columns(city)}
    assert isinstance(city.requests.read(row), Ticket | Reject)
