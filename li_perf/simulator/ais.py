"""AIS as a client sees it: the raw path of a request in, status and body out. No socket, no faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from li_perf.simulator.addresses import Address, Answer, Feature, Match, Refusal
from li_perf.simulator.parser import Parser, Says, parser_of
from li_perf.simulator.reply import Reply, as_json
from li_perf.simulator.templates import feature
from li_perf.simulator.unknown import INVALID, LIMIT, TOO_LONG, UNPARSEABLE, typed

# Werkzeug's own sentence.
_ROUTE = (
    "The requested URL was not found on the server. "
    "If you entered the URL manually please check your spelling and try again."
)
# Fixed in CityOfPhiladelphia/ais ais/api/paginator.py.
_PAGE_SIZE = 100
_ALWAYS = {"Access-Control-Allow-Origin": "*"}
_CACHED = {"Cache-Control": "max-age=3600", **_ALWAYS}
_KNOWN_ONLY = "Could not find any known addresses matching the query."
_OPA_ONLY = "Could not find any opa addresses matching query."
# The parser's names for what the views then call otherwise.
_PARSED_AS = {"intersection": "intersection_addr", "coordinates": "latlon"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to /search/: the question as received and decoded, and the parameters."""

    query: str
    params: dict[str, str]

    def cut(self) -> Asked:
        """The program itself ends the question at the first ";" (views.py); it is taken to echo what is left."""
        return self if ";" not in self.query else Asked(self.query.partition(";")[0], self.params)

    def has(self, name: str) -> bool:
        return name in self.params and self.params[name].lower() != "false"


class Ais:
    """Answers for the city's addresses, and by a small parser for all others."""

    def __init__(self, addresses: dict[str, Address]) -> None:
        self._parser: Parser = parser_of(addresses.values())

    def read(self, path: str) -> Asked | Reply:
        """The question in a raw path below the base URL, or the answer that needs none.

        Decoded once, as a WSGI server does: %2F arrives as "/". "//" before the question is redirected (308), inside
        of it it stays ("slashes in variable parts are not merged": Werkzeug's Map.merge_slashes). A line break fits no
        route (404 with `details: null`), nor does an empty query.
        """
        target, _, params = path.partition("?")
        decoded = unquote(target)
        if decoded == "/api/health-check":
            return Reply(status=200, body=b"All okay!", content_type="text/html", headers=_ALWAYS)
        is_search = decoded.startswith("/search/")
        query = decoded.removeprefix("/search/")
        if query.startswith("/") if is_search else "//" in decoded:
            return _redirect(decoded, params)
        if not is_search or not query or "\n" in query:
            return _refuse(_ROUTE, None)
        first: dict[str, str] = {}
        for name, value in parse_qsl(params, keep_blank_values=True):
            first.setdefault(name, value)
        return Asked(query, first)

    def answer(self, asked: Asked) -> Reply:
        if len(asked.query) + sum(map(len, asked.params)) >= LIMIT:
            return _refuse(TOO_LONG, {"query": asked.query})
        asked = asked.cut()
        says = self._parser.says(asked.query)
        if isinstance(says, Answer):
            says = _narrowed(says, asked)
        if isinstance(says, Refusal):
            return _refuse(says.message, {"query": asked.query, **dict(says.details)})
        return _found(says, asked)

    def broken(self, asked: Asked, message: str = INVALID) -> Reply:
        """The answer with the database down, recorded: 404 "Invalid query." and the type that the parser saw.

        The bare `except:` around every view says so (CityOfPhiladelphia/ais views.py); what the parser alone refuses
        is refused as ever. With its tables empty AIS says another `message`.
        """
        says = self._parser.says(asked.query)
        details = dict(says.details) if isinstance(says, Refusal) else {}
        kind = says.search_type if isinstance(says, Answer) else details.get("search_type")
        if not kind or len(asked.query) + sum(map(len, asked.params)) >= LIMIT:
            return self.answer(asked)
        asked = asked.cut()
        normalized = says.normalized if isinstance(says, Answer) else details.get("normalized", asked.query)
        body = {"query": asked.query, "normalized": normalized, "search_type": _PARSED_AS.get(str(kind), kind)}
        return _refuse(message, body)


def _redirect(path: str, params: str) -> Reply:
    while "//" in path:
        path = path.replace("//", "/")
    where = quote(path) + (f"?{params}" if params else "")
    return Reply(status=308, body=b"", headers={"Location": where, **_ALWAYS}, content_type="text/html")


def _refuse(message: str, details: dict[str, Any] | None) -> Reply:
    body = {"status": 404, "error": "Not Found", "message": message, "details": details}
    return as_json(404, body, _ALWAYS)


def _account(found: Feature) -> str:
    return found.house.account if isinstance(found, Match) else ""


def _narrowed(says: Answer, asked: Asked) -> Says:
    """What `max_range`, `estimate=false` and `opa_only` leave of an answer."""
    if not asked.params.get("max_range", "0").lstrip("-").isdigit():
        return typed(UNPARSEABLE, "", "")
    found = says.features
    if asked.params.get("estimate") == "false" and any(_is_estimate(each) for each in found):
        return typed(_KNOWN_ONLY, says.normalized, says.search_type)
    if asked.has("opa_only"):
        found = tuple(each for each in found if _account(each))
        if not found:
            return typed(_OPA_ONLY, says.normalized, says.search_type)
    return (
        says
        if found is says.features
        else Answer(search_type=says.search_type, normalized=says.normalized, features=found)
    )


def _is_estimate(found: Feature) -> bool:
    return isinstance(found, Match) and found.match_type == "unmatched"


def _found(says: Answer, asked: Asked) -> Reply:
    total = len(says.features)
    page, page_count = asked.params.get("page", "1"), max(-(-total // _PAGE_SIZE), 1)
    if not page.lstrip("-").isdigit():
        return _refuse("Invalid page value.", {"page": page})
    number = int(page)
    if not 1 <= number <= page_count:
        return _refuse("Page out of range.", {"page": number, "page_count": page_count})
    shown = says.features[(number - 1) * _PAGE_SIZE : number * _PAGE_SIZE]
    # A full last page says page_size 0: the program's own arithmetic, recorded.
    size = _PAGE_SIZE if number < page_count else total % _PAGE_SIZE
    return as_json(200, _collection(says, asked, (number, page_count, size), shown), _CACHED)


def _collection(says: Answer, asked: Asked, paging: tuple[int, int, int], shown: tuple[Feature, ...]) -> dict[str, Any]:
    head: dict[str, Any] = {
        "search_type": says.search_type,
        "search_params": asked.params,
        "query": asked.query,
        "normalized": says.normalized,
    }
    if says.search_type != "block":  # a block's answer has no crs, recorded
        href = f"http://spatialreference.org/ref/epsg/{asked.params.get('srid', '4326')}/proj4/"
        head["crs"] = {"type": "link", "properties": {"type": "proj4", "href": href}}
    page, page_count, size = paging
    return head | {
        "page": page,
        "page_count": page_count,
        "page_size": size,
        "total_size": len(says.features),
        "type": "FeatureCollection",
        "features": [feature(each) for each in shown],
    }
