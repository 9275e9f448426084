"""Requests without numbers of their own get one that lasts, however often and in whatever order they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from li_perf.cities.twins import digest, numbered
from li_perf.model import Reject, Ticket

OPENED = datetime(2025, 3, 1, 18, tzinfo=UTC)
OPEN = Ticket(
    service_request_id="d",
    status="Open",
    is_open=True,
    service_name="Graffiti",
    service_type=None,
    agency_responsible=None,
    requested_at=OPENED,
    requested_on=date(2025, 3, 1),
    updated_at=OPENED,
    closed_at=None,
    closed_on=None,
    address=None,
    zipcode=None,
    point=None,
)


def closed(days: int, *, ticket: Ticket = OPEN, resolution: str = "done") -> Ticket:
    return replace(
        ticket,
        status="Close",
        is_open=False,
        closed_on=ticket.requested_on + timedelta(days=days),
        updated_at=OPENED + timedelta(days=days),
        resolution=resolution,
    )


def by_number(items: Sequence[Ticket | Reject], known: Sequence[Ticket] = ()) -> dict[str, Ticket]:
    tickets = [item for item in numbered(items, known) if isinstance(item, Ticket)]
    found = {ticket.service_request_id: ticket for ticket in tickets}
    assert len(found) == len(tickets) == len([item for item in items if isinstance(item, Ticket)])
    return found


def test_a_request_of_its_own_keeps_its_digest_and_nothing_is_dropped_or_moved() -> None:
    other, refused = replace(OPEN, service_request_id="e"), Reject(reason="no time", row="{}")
    assert list(numbered([OPEN, refused, other], ())) == [OPEN, refused, other]


def test_equal_requests_are_counted_the_closed_before_the_open() -> None:
    found = by_number([OPEN, closed(9), closed(2)])
    assert {number: ticket.closed_on for number, ticket in found.items()} == {
        "d": date(2025, 3, 3),
        "d-2": date(2025, 3, 10),
        "d-3": None,
    }


def test_equal_requests_keep_their_places_in_the_page() -> None:
    numbers = [item.service_request_id for item in numbered([OPEN, closed(9), closed(2)]) if isinstance(item, Ticket)]
    assert numbers == ["d-3", "d-2", "d"]


@given(order=st.permutations([OPEN, OPEN, closed(1), closed(1, resolution="referred"), closed(5)]))
def test_the_same_rows_in_any_order_have_the_same_numbers(order: list[Ticket]) -> None:
    assert by_number(order) == by_number([OPEN, OPEN, closed(1), closed(1, resolution="referred"), closed(5)])


@given(count=st.integers(2, 5), data=st.data())
@settings(deadline=None, max_examples=40)
def test_while_requests_close_one_after_the_other_each_number_closes_once_and_stays_so(
    count: int, data: st.DataObject
) -> None:
    """Read whole after every closing, and beside that only what changed: both ways agree to the last."""
    rows = [OPEN] * count
    before = merged = by_number(rows)
    for days in range(1, count + 1):
        which = data.draw(st.sampled_from([place for place, row in enumerate(rows) if row.is_open]))
        rows[which] = closed(days)
        after = by_number(data.draw(st.permutations(rows)))
        changed = [number for number in after if after[number] != before[number]]
        assert len(changed) == 1
        assert before[changed[0]].is_open
        merged = merged | by_number([rows[which]], list(merged.values()))
        assert merged == after
        before = after


def test_a_change_read_by_itself_is_of_the_one_that_was_still_open() -> None:
    known = list(by_number([closed(1), OPEN]).values())
    assert list(by_number([closed(4)], known)) == ["d-2"]


def test_a_known_request_read_again_is_itself_also_where_only_its_last_change_is_new() -> None:
    known = list(by_number([closed(1), OPEN]).values())
    later = replace(closed(1), updated_at=OPENED + timedelta(days=30))
    assert list(by_number([closed(1)], known)) == ["d"]
    assert list(by_number([later], known)) == ["d"]
    assert list(by_number([OPEN], known)) == ["d-2"]


def test_more_equal_requests_than_are_known_get_numbers_behind_those() -> None:
    known = list(by_number([closed(1), OPEN]).values())
    assert set(by_number([OPEN, closed(1), closed(2), OPEN], known)) == {"d", "d-2", "d-3", "d-4"}


def test_what_is_known_of_others_counts_nothing() -> None:
    known = [replace(OPEN, service_request_id="e"), replace(OPEN, service_request_id="e-2")]
    assert list(by_number([OPEN], known)) == ["d"]


def test_a_digest_tells_values_and_their_places_apart() -> None:
    seen = {digest("a", "b"), digest("ab"), digest("a", "b", None), digest("a", "b", "None"), digest("b", "a")}
    assert len(seen) == 5
    assert all(len(one) == 24 for one in seen)
    assert digest("a", 1.5) == digest("a", 1.5)
