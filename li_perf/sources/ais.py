"""The City's Address Information System (AIS): how an address is asked about, and which replies are answers.

Behaviour: CityOfPhiladelphia/ais, docs/APIUSAGE.md and ais/api/views.py (every error of its own is a 404).
"""

from __future__ import annotations

from urllib.parse import quote

from li_perf.errors import Astray, Broken, Garbled
from li_perf.model import Outcome
from li_perf.sources.ais_answer import Found, Missing, accounts
from li_perf.sources.body import decode
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
    (
        *("N/A", "NA", "N A", "NOT AVAILABLE", "NOT APPLICABLE", "NO ADDRESS", "NONE", "NULL", "NIL", "NAN"),
        *("UNKNOWN", "UNK", "UNDEFINED", "TEST", "TBD"),
    )
)
_ENCODED = {code: quote(chr(code), safe="") for code in range(128)}  # as quote does it, one look-up a character


def question(address: str | None) -> str | Outcome:
    """The question for an address, or the outcome of one that is not worth asking.

    Trimmed, upper-cased, white space collapsed, nothing cleverer: AIS normalises by itself.
    """
    text = _plain(address or "")
    if not text:
        return Outcome.ADDRESS_NULL
    if text in PLACEHOLDERS or not any(character.isalnum() for character in text):
        return Outcome.ADDRESS_PLACEHOLDER
    return text


def _plain(text: str) -> str:
    return " ".join(text.split()).upper()


def is_askable(text: str) -> bool:
    """Whether AIS would look at the question: it is below the length limit and can be written as UTF-8."""
    is_utf8 = text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
    return is_utf8 and len(text) < LENGTH_LIMIT


def request(text: str) -> Request:
    """One path segment with nothing left raw: `#`, `/`, `?`, `;` and line ends arrive as themselves."""
    return Request(path="/search/" + (text.translate(_ENCODED) if text.isascii() else quote(text, safe="")))


def read(text: str, reply: Reply) -> Found | Missing:
    """The answer to `text`. Raises Denied for a refused key, else a Fault where the reply is not an answer."""
    if reply.status == 200:
        return _found(text, reply)
    if reply.status == 404:
        return _missing(text, reply)
    if reply.status == 308 and ("//" in text or text.startswith("/")):
        return Missing()  # its router merges slashes and sends us elsewhere: no such text can be asked
    raise_for(reply, "AIS", setting="LI_PERF_AIS_KEY")
    raise Garbled(f"AIS answered {reply.status}.", status=reply.status)


def _found(text: str, reply: Reply) -> Found:
    try:
        found = decode(reply.body, Found)
    except ValueError as error:
        raise Garbled(f"AIS sent something that is not an answer: {str(error)[:200]}", status=200) from None
    _is_ours(text, found.query, status=200)
    _is_unambiguous(reply.body, len(found.features))
    if not found.features:
        raise Garbled("AIS answered 200 without a feature.", status=200)
    for feature in found.features:
        if feature.ais_feature_type != "intersection":
            accounts(feature)
    return found


def _is_unambiguous(body: bytes, features: int) -> None:
    """Of a name that occurs twice JSON does not say which value counts. Within a text its quotes would be escaped."""
    if body.count(b'"features"') > 1 or body.count(b'"opa_account_num"') > features:
        raise Garbled("AIS said the same thing twice in one answer.", status=200)


def _missing(text: str, reply: Reply) -> Missing:
    try:
        missing = decode(reply.body, Missing)
    except ValueError:
        raise Astray("AIS does not know this route (404, not from AIS).", status=404) from None
    if not missing.details or missing.message is None:
        raise Astray("AIS does not know this route (404 without details).", status=404)
    _is_ours(text, missing.details.get("query"), status=404)
    if missing.message == OWN_EXCEPTION:
        _own_exception(missing)
    elif not missing.message.startswith(NOT_FOUND) and missing.message not in UNPARSEABLE:
        raise Garbled(f"AIS answered 404 with an unknown message: {missing.message[:100]!r}", status=404)
    return missing


def _own_exception(missing: Missing) -> None:
    details = missing.details or {}
    if str(details.get("search_type")) in UNANSWERABLE:
        return
    deterministic = 2 if "search_params" in details else None  # an address without any geocode says this every time
    raise Broken('AIS failed (404 "Invalid query." for a query that it can answer).', status=404, tries=deterministic)


def _is_ours(text: str, echoed: object, *, status: int) -> None:
    """AIS repeats the question in every answer of its own, up to the first `;`, where it stops reading (views.py)."""
    if echoed == text:
        return
    ours = (_plain(text), _plain(text.partition(";")[0]))
    if not isinstance(echoed, str) or _plain(echoed) not in ours:
        raise Garbled("AIS answered another question than ours.", status=status)
