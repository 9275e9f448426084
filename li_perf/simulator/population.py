"""Which addresses the city has: the share of every kind, and how tickets fall on them."""

from __future__ import annotations

from collections.abc import Callable

from li_perf.simulator import hostile, known, unknown
from li_perf.simulator.addresses import Address, Kind
from li_perf.simulator.parcels import Draw

# Parts of 1,000 addresses. Invented, after the City's tests and public clients: nobody has published the real shares.
_KINDS: dict[Kind, tuple[float, Callable[[Draw], Address]]] = {
    Kind.EXACT: (590, known.exact),
    Kind.EXACT_STREET: (60, known.exact_street),
    Kind.LEADING_ZERO: (10, known.leading_zero),
    Kind.CONDO_REGIME: (25, known.condo_regime),
    Kind.RENAMED_STREET: (4, known.renamed_street),
    Kind.RANGE: (30, known.range_),
    Kind.RANGE_FULL_HIGH: (8, known.range_full_high),
    Kind.RANGE_CHILD: (20, known.range_child),
    Kind.IN_RANGE: (15, known.in_range),
    Kind.RANGE_PARENT: (25, known.range_parent),
    Kind.OVERLAPS: (4, known.overlaps),
    Kind.UNIT: (40, known.unit),
    Kind.GENERIC_UNIT_SIBLING: (20, known.generic_unit_sibling),
    Kind.UNIT_SIBLING: (4, known.unit_sibling),
    Kind.UNIT_CHILD: (5, known.unit_child),
    Kind.HAS_BASE: (35, known.has_base),
    Kind.HAS_BASE_NO_SUFFIX: (6, known.has_base_no_suffix),
    Kind.EXACT_AND_SUFFIX: (3, known.exact_and_suffix),
    Kind.TWO_ACCOUNTS: (8, known.two_accounts),
    Kind.TWO_BASES_BY_ZIP: (8, known.two_bases_by_zip),
    Kind.TWO_BASES_NO_ZIP: (2, known.two_bases_no_zip),
    Kind.NO_ACCOUNT: (12, known.no_account),
    Kind.UNMATCHED: (18, known.unmatched),
    Kind.CROSSING: (12, unknown.crossing),
    Kind.TWO_CROSSINGS: (3, unknown.two_crossings),
    Kind.NO_CROSSING: (5, unknown.no_crossing),
    Kind.BLOCK: (6, unknown.block),
    Kind.OWNER: (0.2, unknown.owner),
    Kind.OPA_ACCOUNT: (0.5, known.opa_account),
    Kind.CHANGED_KEY: (0.3, known.changed_key),
    Kind.COORDINATES: (0.5, unknown.coordinates),
    Kind.PWD_PARCEL: (0.5, unknown.pwd_parcel),
    Kind.LANDMARK: (3, unknown.landmark),
    Kind.POBOX: (0.5, unknown.pobox),
    Kind.SERVER_EXCEPTION: (0.3, unknown.server_exception),
    Kind.NOT_FOUND: (10, unknown.not_found),
    Kind.NOT_RECOGNIZED: (3, unknown.not_recognized),
    Kind.NOT_AN_ADDRESS: (2, unknown.not_an_address),
    Kind.UNPARSEABLE: (1, unknown.unparseable),
    Kind.HOSTILE: (2, hostile.hostile),
}
_HOSTILE_AT_LEAST = 18


def addresses(draw: Draw, count: int, without: frozenset[Kind] = frozenset()) -> dict[str, Address]:
    """`count` distinct addresses by question: first one of each kind, then as the shares say."""
    found: dict[str, Address] = {}
    every = [kind for kind in _KINDS if kind not in without]
    kinds = [*every, *[Kind.HOSTILE] * (_HOSTILE_AT_LEAST - 1)]
    shares = [_KINDS[kind][0] for kind in every]
    kinds += draw.dice.choices(every, weights=shares, k=max(count - len(kinds), 0))
    for kind in kinds[:count]:
        address = _new(draw, kind, found)
        found[address.question] = address
    return found


def _new(draw: Draw, kind: Kind, taken: dict[str, Address]) -> Address:
    _, write = _KINDS[kind]
    while (address := write(draw)).question in taken:
        pass
    return address


def tickets_at(draw: Draw, found: dict[str, Address], count: int) -> list[Address]:
    """The address of each of `count` tickets: every address once, a few of them very often."""
    everyone = list(found.values())
    ordinary = [address for address in everyone if address.accounts and address.kind is not Kind.HOSTILE]
    again = count - len(everyone)
    weights = [draw.dice.paretovariate(1.6) for _ in ordinary]
    at = everyone + (draw.dice.choices(ordinary, weights=weights, k=again) if again > 0 and ordinary else [])
    draw.dice.shuffle(at)
    return at[:count]
