"""Addresses that lead to no parcel: what AIS refuses, and what it answers that must not be believed."""

from __future__ import annotations

from li_perf.simulator.addresses import Address, Answer, Crossing, House, Kind, Match, Refusal, question_of
from li_perf.simulator.parcels import Draw
from li_perf.simulator.streets import BY_FULL_NAME, Street

NO_ADDRESSES = "Could not find any addresses matching query."
NO_CROSSING = "Could not find intersection matching query."
NO_BLOCK = "Could not find any address on a block matching query."
NOT_RECOGNIZED = "Query not recognized."
NOT_AN_ADDRESS = "Not a valid address."
UNPARSEABLE = "Could not parse query."
TOO_LONG = "Query exceeds character limit."
INVALID = "Invalid query."
LIMIT = 80


def refused(kind: Kind, question: str, outcome: str, says: Refusal, zip_code: str | None = None) -> Address:
    return Address(question=question_of(question), kind=kind, says=says, outcome=outcome, zip_code=zip_code)


def typed(message: str, normalized: str, search_type: str) -> Refusal:
    return Refusal(message=message, details=(("normalized", normalized), ("search_type", search_type)))


def no_crossing_of(first: str, second: str) -> Refusal:
    names = {"street_name_1": first, "street_name_2": second}
    return Refusal(message=NO_CROSSING, details=(("search_type", "intersection"), ("normalized", names)))


def crossing_of(first: Street, second: Street) -> Crossing:
    """The point is made up: halfway between where the two streets begin."""
    low, high = sorted((first, second), key=lambda street: (street.name[0].isdigit(), street.name))
    lon, lat = round((first.lon + second.lon) / 2, 7), round((first.lat + second.lat) / 2, 7)
    return Crossing(int_id=20_000 + low.index * 200 + high.index, streets=(low, high), lon=lon, lat=lat)


def _unbelievable(kind: Kind, question: str, house: House, match_type: str, search_type: str) -> Address:
    """A 200 with a parcel that is not an answer to the question of an address."""
    answer = Answer(
        search_type=search_type,
        normalized=question_of(question),
        features=(Match(match_type=match_type, house=house),),
    )
    outcome = "intersection_or_block" if kind is Kind.BLOCK else "address_unparseable"
    return Address(question=question_of(question), kind=kind, says=answer, outcome=outcome, zip_code=house.zip_code)


def _two_streets(draw: Draw) -> tuple[Street, Street]:
    while True:
        first, second = draw.house().street, draw.house().street
        if first.heading in "NS" and second.heading in "EW":
            return first, second


def crossing(draw: Draw) -> Address:
    first, second = _two_streets(draw)
    word = draw.dice.choice(("&", "AND", "AT", "@", "/"))
    found = crossing_of(first, second)
    answer = Answer(search_type="intersection", normalized=found.text, features=(found,))
    question = f"{first.full} {word} {second.full}"
    return Address(question=question, kind=Kind.CROSSING, says=answer, outcome="intersection_or_block")


def two_crossings(draw: Draw) -> Address:
    """A crossing without directions answers for both halves, each "exact"."""
    other = draw.dice.choice([street for street in BY_FULL_NAME.values() if street.heading == "W"])
    halves = [street for street in BY_FULL_NAME.values() if street.predir in ("N", "S") and street.name[0].isdigit()]
    name = draw.dice.choice(sorted({street.name for street in halves if f"S {street.full[2:]}" in BY_FULL_NAME}))
    found = tuple(crossing_of(street, other) for street in halves if street.name == name)
    text = f"{name} & {other.name}"
    answer = Answer(search_type="intersection", normalized=text, features=found)
    return Address(question=text, kind=Kind.TWO_CROSSINGS, says=answer, outcome="intersection_or_block")


def no_crossing(draw: Draw) -> Address:
    first, second = draw.house().street, draw.house().street
    question = f"{first.full} & {second.name} PL"
    return refused(Kind.NO_CROSSING, question, "parcel_not_found", no_crossing_of(first.name, second.name))


def block(draw: Draw) -> Address:
    """Every property of the block answers, "on block"; none of them is the one that was meant."""
    house = draw.house()
    question = f"{house.low // 100 * 100} BLOCK {house.street.full}"
    return _unbelievable(Kind.BLOCK, question, house, "on block", "block")


def owner(draw: Draw) -> Address:
    """Today only /owner/ answers so; a client must refuse it wherever it comes from."""
    house = draw.house()
    return _unbelievable(Kind.OWNER, f"OWNER {draw.serial()} EXAMPLE", house, "contains query string", "owner")


def coordinates(draw: Draw) -> Address:
    house = draw.house()
    question = f"{house.lon:.5f}, {house.lat:.5f}"
    return _unbelievable(Kind.COORDINATES, question, house, "exact location", "coordinates")


def pwd_parcel(draw: Draw) -> Address:
    """One to seven digits are the water department's parcel number: an unrelated property answers."""
    return _unbelievable(Kind.PWD_PARCEL, str(500_000 + draw.serial()), draw.house(), "exact_key", "pwd_parcel")


def landmark(draw: Draw) -> Address:
    """There is no view for a landmark: 404 "Invalid query." is the program's final word here."""
    name = draw.dice.choice(("PLAYGROUND", "RECREATION CENTER", "LIBRARY", "SCHOOL"))
    house = draw.house()
    question = f"{house.street.name} {name} {draw.serial()}"
    return refused(Kind.LANDMARK, question, "address_unparseable", typed(INVALID, house.text, "landmark"))


def pobox(draw: Draw) -> Address:
    question = f"PO BOX {draw.serial()}"
    return refused(Kind.POBOX, question, "address_unparseable", typed(INVALID, question, "pobox"))


def server_exception(draw: Draw) -> Address:
    """An address without any geocode makes the view throw; the bare `except:` says "Invalid query." (views.py)."""
    house = draw.house()
    says = typed(INVALID, house.text, "address")
    says = Refusal(message=says.message, details=(*says.details, ("search_params", {})))
    return refused(Kind.SERVER_EXCEPTION, house.text, "lookup_failed", says, house.zip_code)


def not_found(draw: Draw) -> Address:
    house = draw.house()
    text = f"{house.street.high + 100 + draw.serial()} {house.street.full}"
    return refused(Kind.NOT_FOUND, text, "parcel_not_found", typed(NO_ADDRESSES, text, "address"), house.zip_code)


def not_recognized(draw: Draw) -> Address:
    question = f"REAR {draw.house().text}"
    return refused(Kind.NOT_RECOGNIZED, question, "address_unparseable", Refusal(message=NOT_RECOGNIZED))


def not_an_address(draw: Draw) -> Address:
    """A street without a number. The question is numbered so that there are enough of them."""
    question = f"{draw.house().street.full} LANE {draw.serial()}"
    says = typed(NOT_AN_ADDRESS, question, "street")
    return refused(Kind.NOT_AN_ADDRESS, question, "address_unparseable", says)


def unparseable(draw: Draw) -> Address:
    """Two units crash the City's parser, each time: "5249 GERMANTOWN AVE REAR UNIT REAR" is a violation's address."""
    question = f"{draw.house().text} REAR UNIT REAR"
    return refused(Kind.UNPARSEABLE, question, "address_unparseable", typed(UNPARSEABLE, "", ""))
