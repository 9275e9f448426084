"""Addresses that lead to a parcel: one writer for each way in which AIS finds it."""

from __future__ import annotations

from dataclasses import replace

from li_perf.simulator.addresses import Address, Answer, House, Kind, Match, question_of
from li_perf.simulator.parcels import Draw


def found(kind: Kind, question: str, *matches: Match, search_type: str = "address", normalized: str = "") -> Address:
    """An answer of one best grade: the accounts are those of the first match's type."""
    best = [match for match in matches if match.match_type == matches[0].match_type and match.house.account]
    accounts = tuple(sorted({account for match in best for account in match.house.account.split("|")}))
    house = matches[0].house
    return Address(
        question=question_of(question),
        kind=kind,
        says=Answer(search_type=search_type, normalized=normalized or question_of(question), features=matches),
        outcome="no_account" if not accounts else "parcel_exact" if len(accounts) == 1 else "parcel_ambiguous",
        accounts=accounts,
        zip_code=house.zip_code,
        lon=house.lon,
        lat=house.lat,
    )


def _one(kind: Kind, question: str, match_type: str, house: House, search_type: str = "address") -> Address:
    return found(kind, question, Match(match_type=match_type, house=house), search_type=search_type)


def _plus_two(house: House) -> House:
    return replace(house, high=house.low + 2)


def exact(draw: Draw) -> Address:
    house = draw.house()
    return _one(Kind.EXACT, house.text, "exact", house)


def exact_street(draw: Draw) -> Address:
    """The search_type of an ordinary house can be "street" (recorded of the City's program)."""
    house = draw.house()
    return _one(Kind.EXACT_STREET, house.text, "exact", house, search_type="street")


def leading_zero(draw: Draw) -> Address:
    house = draw.house_where("0")
    return _one(Kind.LEADING_ZERO, house.text, "exact", house)


def condo_regime(draw: Draw) -> Address:
    house = replace(draw.house(), account=draw.condo_account())
    return _one(Kind.CONDO_REGIME, house.text, "exact", house)


def renamed_street(draw: Draw) -> Address:
    """AIS answers with the name of today: 130 N 5TH ST is normalised to an INDEPENDENCE MALL address."""
    house = draw.house()
    match = Match(match_type="exact", house=house)
    return found(Kind.RENAMED_STREET, f"{house.low} OLD {house.street.name} RD", match, normalized=house.text)


def range_(draw: Draw) -> Address:
    house = _plus_two(draw.house())
    return _one(Kind.RANGE, house.text, "exact", house)


def range_full_high(draw: Draw) -> Address:
    """1307-1311 is normalised to 1307-11, under search_type "street"."""
    house = _plus_two(draw.house())
    question = f"{house.low}-{house.high} {house.street.full}"
    match = Match(match_type="exact", house=house)
    return found(Kind.RANGE_FULL_HIGH, question, match, search_type="street", normalized=house.text)


def range_child(draw: Draw) -> Address:
    """A house inside a range answers exact and carries its parent's account; `opa_address` says whose."""
    house = draw.house()
    return _one(Kind.RANGE_CHILD, house.text, "exact", replace(house, opa_address=_plus_two(house).text))


def in_range(draw: Draw) -> Address:
    house = draw.house()
    return _one(Kind.IN_RANGE, _plus_two(house).text, "in_range", house)


def range_parent(draw: Draw) -> Address:
    house = draw.house()
    return _one(Kind.RANGE_PARENT, house.text, "range_parent", _plus_two(house))


def overlaps(draw: Draw) -> Address:
    house = _plus_two(draw.house())
    return _one(Kind.OVERLAPS, f"{house.low}-{(house.low + 6) % 100:02d} {house.street.full}", "overlaps", house)


def unit(draw: Draw) -> Address:
    house = replace(draw.house(), unit_type="APT", unit_num=str(draw.dice.randint(1, 12)))
    return _one(Kind.UNIT, house.text, "exact", house)


def generic_unit_sibling(draw: Draw) -> Address:
    house = replace(draw.house(), unit_type="APT", unit_num=str(draw.dice.randint(1, 12)))
    return _one(Kind.GENERIC_UNIT_SIBLING, f"{house.base} UNIT {house.unit_num}", "generic_unit_sibling", house)


def unit_sibling(draw: Draw) -> Address:
    house = replace(draw.house(), unit_type="FL", unit_num="2")
    return _one(Kind.UNIT_SIBLING, f"{house.base} STE 2", "unit_sibling", house)


def unit_child(draw: Draw) -> Address:
    """A condominium without a record of its base: only its units answer, each with its own account."""
    base = draw.house()
    units = [
        replace(base, unit_type="UNIT", unit_num=str(number), account=draw.condo_account(), opa_address=None)
        for number in range(1, draw.dice.randint(2, 6) + 1)
    ]
    all_units = found(Kind.UNIT_CHILD, base.text, *(Match(match_type="unit_child", house=house) for house in units))
    return replace(all_units, outcome="parcel_building_only")


def has_base(draw: Draw) -> Address:
    house = draw.house()
    tail = draw.dice.choice(("APT 2000", "REAR", "1ST FLOOR", "UNIT ZZ"))
    return _one(Kind.HAS_BASE, f"{house.text} {tail}", "has_base", house)


def has_base_no_suffix(draw: Draw) -> Address:
    house = draw.house()
    number = draw.dice.choice((f"{house.low}A", f"{house.low} 1/2"))
    return _one(Kind.HAS_BASE_NO_SUFFIX, f"{number} {house.street.full}", "has_base_no_suffix", house)


def exact_and_suffix(draw: Draw) -> Address:
    """Two features of different grade, as at 1801 JFK BLVD in the City's own tests: the exact one counts."""
    house = draw.house()
    child = replace(house, low_suffix="S", account=draw.condo_account())
    matches = (Match(match_type="exact", house=house), Match(match_type="has_base_suffix_child", house=child))
    return found(Kind.EXACT_AND_SUFFIX, house.text, *matches)


def two_accounts(draw: Draw) -> Address:
    """Several accounts of one address are joined by "|", sorted (CityOfPhiladelphia/ais serializers.py)."""
    house = draw.house()
    joined = "|".join(sorted((house.account, draw.condo_account())))
    return _one(Kind.TWO_ACCOUNTS, house.text, "exact", replace(house, account=joined), search_type="street")


def two_bases_by_zip(draw: Draw) -> Address:
    """Without a direction both halves of the street answer; the ticket's ZIP fits one of them."""
    one, other = draw.twins()
    matches = sorted((Match(match_type="has_base", house=house) for house in (one, other)), key=lambda m: m.house.text)
    both = found(Kind.TWO_BASES_BY_ZIP, f"{one.low} {one.street.name} {one.street.suffix}", *matches)
    return replace(both, outcome="parcel_exact", zip_code=one.zip_code, lon=one.lon, lat=one.lat)


def two_bases_no_zip(draw: Draw) -> Address:
    both = two_bases_by_zip(draw)
    return replace(both, kind=Kind.TWO_BASES_NO_ZIP, outcome="parcel_ambiguous", zip_code=None)


def no_account(draw: Draw) -> Address:
    house = replace(draw.house(), account="")
    return _one(Kind.NO_ACCOUNT, house.text, "exact", house)


def unmatched(draw: Draw) -> Address:
    """A number in the block's range that nobody knows: 200, estimated on the street's line, no account."""
    house = replace(draw.house(), account="")
    return replace(_one(Kind.UNMATCHED, house.text, "unmatched", house), outcome="parcel_not_found")


def opa_account(draw: Draw) -> Address:
    house = draw.house()
    return _one(Kind.OPA_ACCOUNT, house.account, "exact_key", house, search_type="opa_account")


def changed_key(draw: Draw) -> Address:
    """A renumbered account answers with the account of today."""
    house = replace(draw.house(), account=draw.condo_account())
    return _one(Kind.CHANGED_KEY, f"99{draw.serial():07d}", "changed_key", house, search_type="opa_account")
