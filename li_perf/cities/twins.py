"""Numbers for requests of a portal that gives none: a digest of what never changes, counted within equal ones."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import chain

from li_perf.model import Reject, Ticket

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
COUNTED = "-"  # between a digest and the count within equal ones


def digest(*values: object) -> str:
    """24 hexadecimal digits of the values, 96 bits: two of ten million requests share one by chance in 10^15 cities."""
    return hashlib.blake2b(repr(values).encode(), digest_size=12).hexdigest()


def numbered(items: Iterable[Ticket | Reject], known: Iterable[Ticket] = ()) -> Iterator[Ticket | Reject]:
    """The same items in their order, each ticket with a number of its own: the second of equal ones is `…-2`.

    `items` hold all requests of each moment of opening, or those of them that changed since `known`, numbered ones, was
    all of them. What tells equal ones apart is only what changes, so they are counted in an order that closing does not
    disturb: closed before open, by day of closing, then by last change. So the same rows in any order get the same
    numbers; when one of two closes, one number goes from open to closed and the other stays; and n equal rows have n
    numbers, none is lost. The limits: if one is reopened or closed anew, or both were closed on one day and the first
    changes later, two equal requests may exchange numbers: how many there are, where, and closed when, stays right,
    only not which of the two it was. A request that is equal to a known one and comes later than it, by itself, is
    taken for a change of that one until everything is downloaded again.
    """
    kept = list(items)
    equal: dict[str, list[int]] = defaultdict(list)
    for place, item in enumerate(kept):
        if isinstance(item, Ticket):
            equal[item.service_request_id].append(place)
    for name, before in _by_digest(known, equal).items():
        group = {place: item for place in equal[name] if isinstance(item := kept[place], Ticket)}
        for place, count in _counts(group, before).items():
            kept[place] = replace(group[place], service_request_id=f"{name}{COUNTED}{count}" if count > 1 else name)
    return iter(kept)


def _by_digest(known: Iterable[Ticket], equal: Mapping[str, list[int]]) -> dict[str, dict[int, Ticket]]:
    """What is known of the digests that need counting, by count."""
    before: dict[str, dict[int, Ticket]] = {name: {} for name, places in equal.items() if len(places) > 1}
    for ticket in known:
        name, _, count = ticket.service_request_id.partition(COUNTED)
        if name in equal:
            before.setdefault(name, {})[int(count or 1)] = ticket
    return before


def _counts(group: Mapping[int, Ticket], before: Mapping[int, Ticket]) -> dict[int, int]:
    """For each the count of the known one that it is, changed or not, or was while that was open; else a new one."""
    places = sorted(group, key=lambda place: _standing(group[place]))
    free = sorted(before, key=lambda count: (not before[count].is_open, count))
    counts: dict[int, int] = {}
    for likeness in (_standing, _state):
        for place in (place for place in places if place not in counts):
            same = [count for count in free if likeness(before[count]) == likeness(group[place])]
            if same:
                counts[place] = same[0]
                free.remove(same[0])
    start = max(before, default=0) + 1
    fresh = chain(free, range(start, start + len(group)))
    return counts | {place: next(fresh) for place in places if place not in counts}


def _state(ticket: Ticket) -> tuple[bool, date, str, str]:
    return (ticket.is_open, ticket.closed_on or date.max, ticket.status, ticket.resolution or "")


def _standing(ticket: Ticket) -> tuple[bool, date, datetime, str, str]:
    """What changes of a request, in the order in which equal ones are counted."""
    is_open, closed_on, status, resolution = _state(ticket)
    return (is_open, closed_on, ticket.updated_at or LONG_AGO, status, resolution)
