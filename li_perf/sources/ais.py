"""The City's Address Information System (AIS): how an address is asked about, and which replies are answers.

Behaviour: CityOfPhiladelphia/ais, docs/APIUSAGE.md and ais/api/views.py (every error of its own is a 404).
"""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from li_perf.errors import Astray, Broken, Garbled
from li_perf.model import Outcome
from li_perf.sources.status import raise_for
from li_perf.wire import Reply, Request

LENGTH_LIMIT = 80  # views.py: the query's characters and the parameters' names together stay below it
KNOWN_GOOD = "1234 MARKET ST"  # the address of the City's own examples
UNANSWERABLE = frozenset({"landmark", "pobox", "zipcode"})  # kinds of query that /search/ has no view for
NOT_FOUND = "Could not find "
UNPARSEABLE = (
    "Query not recognized.",
    "Not a valid address.",
    "Could not parse query.",
    "Query exceeds character limit.",
)
OWN_EXCEPTION = "Invalid query."
PLACEHOLDERS = frozenset(
    [
        "N/A",
        "NA",
        "N A",
        "NONE",
        "NULL",
        "NIL",
        "NAN",
        "UNKNOWN",
        "UNK",
        "UNDEFINED",
        "TEST",
        "TBD",
        "NO ADDRESS",
        "NOT AVAILABLE",
        "NOT APPLICABLE",
    ]
)


class Missing(msgspec.Struct, frozen=True):
    """AIS's error body; `details` is null where the route itself is unknown."""

    message: str | None = None
    error: object = None
    details: dict[str, object] | None = None


class Properties(msgspec.Struct, frozen=True):
    """What is used of a feature's properties; an intersection has no account at all."""

    opa_account_num: object = msgspec.UNSET
    zip_code: object = None
    street_address: str | None = None
    opa_address: object = None


class Feature(msgspec.Struct, frozen=True):
    properties: Properties
    ais_feature_type: str | None = None
    match_type: str | None = None


class Found(msgspec.Struct, frozen=True):
    """A FeatureCollection of AIS."""

    features: list[Feature]
    search_type: str | None = None
    query: object = None


def question(address: str | None) -> str | Outcome:
    """The question for an address, or the outcome of one that is not worth asking.

    Trimmed, upper-cased, white space collapsed, nothing cleverer: AIS normalises by itself.
    """
    text = " ".join((address or "").split()).upper()
    if not text:
        return Outcome.ADDRESS_NULL
    if text in PLACEHOLDERS or not any(character.isalnum() for character in text):
        return Outcome.ADDRESS_PLACEHOLDER
    return text


def is_askable(text: str) -> bool:
    """Whether AIS would look at the question: it is below the length limit and can be written as UTF-8."""
    return len(text) < LENGTH_LIMIT and not any("\ud800" <= character <= "\udfff" for character in text)


def request(text: str) -> Request:
    """One path segment with nothing left raw: `#`, `/`, `?`, `;` and line ends arrive as themselves."""
    return Request(path="/search/" + quote(text, safe=""))


def read(text: str, reply: Reply) -> Found | Missing:
    """The answer to `text`. Raises Denied for a refused key, else a Fault where the reply is not an answer."""
    if reply.status == 200:
        return _found(text, reply)
    if reply.status == 404:
        return _missing(text, reply)
    raise_for(reply, "AIS")
    raise Garbled(f"AIS answered {reply.status}.", status=reply.status)


def _found(text: str, reply: Reply) -> Found:
    try:
        found = msgspec.json.decode(reply.body.removeprefix(b"\xef\xbb\xbf"), type=Found)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Garbled(f"AIS sent something that is not an answer: {str(error)[:200]}", status=200) from None
    _is_ours(text, found.query)
    if not found.features:
        raise Garbled("AIS answered 200 without a feature.", status=200)
    for feature in found.features:
        if feature.ais_feature_type != "intersection":
            accounts(feature)
    return found


def _missing(text: str, reply: Reply) -> Missing:
    try:
        missing = msgspec.json.decode(reply.body, type=Missing)
    except (msgspec.DecodeError, RecursionError):
        raise Astray("AIS does not know this route (404, not from AIS).", status=404) from None
    if not missing.details or missing.message is None:
        raise Astray("AIS does not know this route (404 without details).", status=404)
    _is_ours(text, missing.details.get("query"))
    if missing.message == OWN_EXCEPTION:
        _own_exception(missing)
    elif not missing.message.startswith(NOT_FOUND) and missing.message not in UNPARSEABLE:
        raise Garbled(f"AIS answered 404 with an unknown message: {missing.message[:100]!r}", status=404)
    return missing


def _own_exception(missing: Missing) -> None:
    details = missing.details or {}
    if details.get("search_type") in UNANSWERABLE:
        return
    deterministic = 2 if details.get("search_params") else None  # an address without any geocode says this every time
    raise Broken('AIS failed (404 "Invalid query." for a query that it can answer).', status=404, tries=deterministic)


def _is_ours(text: str, echoed: object) -> None:
    if isinstance(echoed, str) and " ".join(echoed.split()).upper() != " ".join(text.split()).upper():
        raise Garbled("AIS answered another question than ours.", status=200)


def accounts(feature: Feature) -> tuple[str, ...]:
    """The OPA accounts of a feature: nine digits each; AIS joins several by `|` and says "" for none.

    Raises Garbled where the value is of no known form (drift is never "no account").
    """
    value = feature.properties.opa_account_num
    if isinstance(value, list):  # the form that `source_details` gives
        value = "|".join(str(item.get("value", "")) if isinstance(item, dict) else str(item) for item in value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value:09d}"
    if value is None or value == "":
        return ()
    parts = value.split("|") if isinstance(value, str) else [""]
    if not all(len(part) == 9 and part.isascii() and part.isdigit() for part in parts):
        raise Garbled(f"AIS sent an account of an unknown form: {str(value)[:50]!r}", status=200)
    return tuple(sorted(set(parts)))
