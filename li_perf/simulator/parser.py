"""A small reading of questions that the generator did not write: what AIS would make of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from li_perf.simulator.addresses import Address, Answer, House, Kind, Match, Refusal, question_of
from li_perf.simulator.crossings import crossings
from li_perf.simulator.hostile import heard
from li_perf.simulator.parcels import house
from li_perf.simulator.streets import BY_FULL_NAME, STREETS, Street
from li_perf.simulator.unknown import INVALID, NO_ADDRESSES, NO_BLOCK, NOT_AN_ADDRESS, NOT_RECOGNIZED, typed

Says = Answer | Refusal

# The City's own test address; its account is printed in the City's tests.
CANARY = replace(
    house(BY_FULL_NAME["MARKET ST"], 1234, account="883309050"), lon=-75.160977, lat=39.951662, zip_code="19107"
)
# Names for which the City's program answers with a landmark's address, as seen.
_LANDMARKS = {
    "CITY HALL": "1400 JOHN F KENNEDY BLVD",
    "LOVE PARK": "1500 JOHN F KENNEDY BLVD",
    "INDEPENDENCE HALL": "500-36 CHESTNUT ST",
    "PHILADELPHIA": "2401 PENNSYLVANIA AVE",
    "BROAD ST": "5907 N BROAD ST",
}
_WORDS = {"STREET": "ST", "AVENUE": "AVE", "AV": "AVE", "BOULEVARD": "BLVD", "ROAD": "RD", "NORTH": "N", "SOUTH": "S"}
_SUFFIXES = {"ST", "AVE", "BLVD", "RD", "DR", "LN", "PL", "CT", "SQ", "WAY", "TER", "CIR"}
_PLACE = re.compile(r"[ ,]+(PHILA(DELPHIA)?|PA|USA|NEAR .*|191\d\d(-\d{4})?)\b.*$")
_BLOCK = re.compile(r"(\d+|UNIT) (?:BLOCK|BLK)(?: OF)? (.+)")
_NUMBER = re.compile(r"(\d+)(?:-(\d+))?([A-Z]?(?: 1/2)?) (.+)")
_COORDINATES = re.compile(r"(-75\.\d+)[ ,]+((?:39|40)\.\d+)")
_NEAR_DEGREES = 0.001


def plain(question: str) -> str:
    """Accents and pictures dropped, street words shortened, the city's name and ZIP cut off."""
    text = unicodedata.normalize("NFKD", question).encode("ascii", "ignore").decode()
    words = [_WORDS.get(word, word) for word in _PLACE.sub("", question_of(text)).split()]
    if words[:1] == ["OPP"]:  # "opposite" is dropped: the answer is then for the wrong side of the street
        words = words[1:]
    return " ".join(words[:-1] if words[-1:] == ["APT"] else words)


@dataclass(slots=True)
class Parser:
    """Looks a question up among the city's addresses; others it reads by the rules of the City's program."""

    known: dict[str, Address]
    houses: dict[str, House] = field(default_factory=dict)
    accounts: dict[str, House] = field(default_factory=dict)

    def __post_init__(self) -> None:
        real = [address for address in self.known.values() if address.kind is not Kind.UNMATCHED]
        for found in (CANARY, *(each for address in real for each in address.houses)):
            self.houses.setdefault(found.text, found)
            self.accounts.setdefault(found.account, found)
        self.known = {heard(question): address for question, address in self.known.items()}

    def says(self, query: str) -> Says:
        question = heard(query)
        if address := self.known.get(question):
            return address.says
        text = plain(question)
        address = self.known.get(text)
        return address.says if address else self._read(text)

    def _read(self, text: str) -> Says:
        if text.isdigit():
            return self._digits(text)
        if found := _COORDINATES.fullmatch(text):
            return self._near(float(found[1]), float(found[2]))
        if text.startswith(("PO BOX", "P O BOX")):
            return typed(INVALID, text, "pobox")
        if text in _LANDMARKS:
            return typed(INVALID, _LANDMARKS[text], "landmark")
        if found := _BLOCK.fullmatch(text):
            return self._block(found[1], found[2])
        return crossings(text) or self._street_address(text)

    def _digits(self, text: str) -> Says:
        """Nine digits are an account, five a ZIP code; fewer than eight a parcel of the water department."""
        if len(text) == 9:
            return _of(self.accounts.get(text), text, "opa_account") or _none("opa_account")
        if len(text) == 5 and text.startswith("191"):
            return typed(INVALID, text, "zipcode")
        if len(text) > 7:
            return Refusal(message=NOT_RECOGNIZED)
        street = STREETS[int(text) // 10_000] if int(text) // 10_000 < len(STREETS) else None
        parcel = self.houses.get(f"{int(text) % 10_000} {street.full}") if street else None
        return _of(parcel, text, "pwd_parcel") or _none("pwd_parcel")

    def _near(self, lon: float, lat: float) -> Says:
        nearest = min(self.houses.values(), key=lambda each: abs(each.lon - lon) + abs(each.lat - lat))
        if abs(nearest.lon - lon) + abs(nearest.lat - lat) > _NEAR_DEGREES:
            return Refusal(message=NOT_RECOGNIZED)
        match = Match(match_type="exact location", house=nearest)
        return Answer(search_type="coordinates", normalized=f"{lon:.6f},{lat:.6f}", features=(match,))

    def _block(self, number: str, name: str) -> Says:
        street, low = BY_FULL_NAME.get(name), 0 if number == "UNIT" else int(number) // 100 * 100
        on_it = [
            Match(match_type="on block", house=found)
            for found in self.houses.values()
            if found.street is street and found.low // 100 * 100 == low
        ]
        normalized = f"{low or 1} {name}"
        if not on_it:
            return typed(NO_BLOCK, normalized, "block")
        return Answer(search_type="block", normalized=normalized, features=tuple(on_it))

    def _street_address(self, text: str) -> Says:
        if text in BY_FULL_NAME:
            return typed(NOT_AN_ADDRESS, text, "street")
        numbered = _NUMBER.fullmatch(text)
        if numbered is None:
            return Refusal(message=NOT_RECOGNIZED)
        low, high, suffix, tail = numbered.groups()
        street, rest = _street_of(tail)
        if street is None:
            is_street = not _SUFFIXES.isdisjoint(tail.split())
            return typed(NO_ADDRESSES, text, "address") if is_street else Refusal(message=NOT_RECOGNIZED)
        if high and len(high) == len(low):  # 1307-1311 becomes 1307-11, and the type "street"
            text = text.replace(f"-{high}", f"-{high[-2:]}", 1)
            return self._house(text, street, int(low), how="in_range", search_type="street")
        return self._house(text, street, int(low), how=_how(high, suffix, rest))

    def _house(self, text: str, street: Street, low: int, *, how: str, search_type: str = "address") -> Says:
        if low == 0:
            return typed(NO_ADDRESSES, text, "street")
        if found := self.houses.get(text) or self.houses.get(f"{low} {street.full}"):
            match = Match(match_type="exact" if found.text == text else how, house=found)
            return Answer(search_type=search_type, normalized=text, features=(match,))
        if not street.low <= low < street.high + 100:
            return typed(NO_ADDRESSES, text, "address")
        match = Match(match_type="unmatched", house=house(street, low, account=""))
        return Answer(search_type=search_type, normalized=text, features=(match,))


def _how(high: str | None, suffix: str, rest: str) -> str:
    if high:
        return "in_range"
    if suffix:
        return "has_base_no_suffix"
    return "has_base" if rest else "exact"


def _street_of(tail: str) -> tuple[Street | None, str]:
    """The longest street name at the start of the text, and what comes behind it."""
    words = tail.split()
    for end in range(len(words), 0, -1):
        if street := BY_FULL_NAME.get(" ".join(words[:end])):
            return street, " ".join(words[end:])
    return None, ""


def _of(found: House | None, text: str, search_type: str) -> Answer | None:
    if found is None:
        return None
    match = Match(match_type="exact_key", house=found)
    return Answer(search_type=search_type, normalized=text, features=(match,))


def _none(search_type: str) -> Refusal:
    return Refusal(message=NO_ADDRESSES, details=(("search_type", search_type),))


def parser_of(known: Iterable[Address]) -> Parser:
    return Parser({address.question: address for address in known})
