"""What AIS knows and says: houses, crossings, answers and refusals, and the truth about each address of the city."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from li_perf.simulator.streets import Street


class Kind(StrEnum):
    """Every kind of address that the city holds; the names of match types are AIS's own."""

    EXACT = "exact"
    EXACT_STREET = "exact_street"
    LEADING_ZERO = "leading_zero"
    CONDO_REGIME = "condo_regime"
    RENAMED_STREET = "renamed_street"
    RANGE = "range"
    RANGE_FULL_HIGH = "range_full_high"
    RANGE_CHILD = "range_child"
    IN_RANGE = "in_range"
    RANGE_PARENT = "range_parent"
    OVERLAPS = "overlaps"
    UNIT = "unit"
    GENERIC_UNIT_SIBLING = "generic_unit_sibling"
    UNIT_SIBLING = "unit_sibling"
    UNIT_CHILD = "unit_child"
    HAS_BASE = "has_base"
    HAS_BASE_NO_SUFFIX = "has_base_no_suffix"
    EXACT_AND_SUFFIX = "exact_and_suffix"
    TWO_ACCOUNTS = "two_accounts"
    TWO_BASES_BY_ZIP = "two_bases_by_zip"
    TWO_BASES_NO_ZIP = "two_bases_no_zip"
    NO_ACCOUNT = "no_account"
    UNMATCHED = "unmatched"
    CROSSING = "crossing"
    TWO_CROSSINGS = "two_crossings"
    NO_CROSSING = "no_crossing"
    BLOCK = "block"
    OWNER = "owner"
    OPA_ACCOUNT = "opa_account"
    CHANGED_KEY = "changed_key"
    COORDINATES = "coordinates"
    PWD_PARCEL = "pwd_parcel"
    LANDMARK = "landmark"
    POBOX = "pobox"
    SERVER_EXCEPTION = "server_exception"
    NOT_FOUND = "not_found"
    NOT_RECOGNIZED = "not_recognized"
    NOT_AN_ADDRESS = "not_an_address"
    UNPARSEABLE = "unparseable"
    HOSTILE = "hostile"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One row of AIS's address summary; `account` as served: "" for none, several joined by "|"."""

    street: Street
    low: int
    account: str
    zip_code: str
    lon: float
    lat: float
    owner: str
    low_suffix: str = ""
    high: int | None = None
    unit_type: str = ""
    unit_num: str = ""
    opa_address: str | None = None

    @property
    def base(self) -> str:
        high = "" if self.high is None else f"-{self.high % 100:02d}"
        return f"{self.low}{self.low_suffix}{high} {self.street.full}"

    @property
    def text(self) -> str:
        return " ".join(filter(None, (self.base, self.unit_type, self.unit_num)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A feature that is an address: a house, and how it was found."""

    match_type: str
    house: House


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A feature that is an intersection: it has no account."""

    int_id: int
    streets: tuple[Street, Street]
    lon: float
    lat: float

    @property
    def text(self) -> str:
        return f"{self.streets[0].full} & {self.streets[1].full}"


Feature = Match | Crossing


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A 200."""

    search_type: str
    normalized: str
    features: tuple[Feature, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A 404: "everything is a 404" (CityOfPhiladelphia/ais views.py, errors.py); `details` follow the query."""

    message: str
    details: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One distinct question: what AIS says to it, and the truth about it.

    `outcome` is a word of li_perf.model.Outcome. `accounts` are those of the features of the best acceptable grade,
    before the ticket's ZIP breaks a tie; `zip_code` is what the tickets here say, None where they say nothing.
    """

    question: str
    kind: Kind
    says: Answer | Refusal
    outcome: str
    accounts: tuple[str, ...] = ()
    zip_code: str | None = None
    lon: float | None = None
    lat: float | None = None

    @property
    def features(self) -> tuple[Feature, ...]:
        return self.says.features if isinstance(self.says, Answer) else ()

    @property
    def houses(self) -> tuple[House, ...]:
        return tuple(feature.house for feature in self.features if isinstance(feature, Match))

    def text_of(self, account: str) -> str:
        """The parcel's own address, which L&I writes on a violation, whatever the caller wrote."""
        return next((each.text for each in self.houses if account in each.account.split("|")), self.question)


def question_of(text: str) -> str:
    return " ".join(text.split()).upper()
