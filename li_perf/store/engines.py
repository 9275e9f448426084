"""Which engine an analysis runs on, as `LI_PERF_ENGINE` names it; what may be secret in that is never shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from li_perf.errors import UserError

EMBEDDED = "duckdb"
PORTS = {"sc": 15002, "spark": 7077}  # https://spark.apache.org/docs/latest/security.html lists both
EXAMPLES = f"{EMBEDDED}, sc://host:{PORTS['sc']} or spark://host:{PORTS['spark']}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """`url` as it was given, with what may be a token in it; `hosts` are where it listens."""

    kind: Literal["duckdb", "sc", "spark"]
    url: str = field(default="", repr=False)
    hosts: tuple[tuple[str, int], ...] = ()

    @property
    def is_embedded(self) -> bool:
        return self.kind == EMBEDDED

    @property
    def shown(self) -> str:
        """The engine without its parameters: a token is one of them."""
        places = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.hosts)
        return f"{self.kind}://{places}" if places else self.kind


DUCKDB = Engine(kind="duckdb")


def named(text: str) -> Engine:
    """The engine of a setting: DuckDB, a Spark Connect server `sc://`, or a Spark master `spark://`. Raises UserError.

    Of the first, https://github.com/apache/spark/blob/master/sql/connect/docs/client-connection-string.md.
    """
    if text == EMBEDDED:
        return DUCKDB
    scheme, _, rest = text.partition("://")
    place, _, parameters = rest.partition("/")
    if scheme == "sc" and parameters[:1] in ("", ";"):
        return Engine(kind="sc", url=text, hosts=(_host(place, PORTS[scheme]),))
    if scheme == "spark" and not parameters:
        return Engine(kind="spark", url=text, hosts=tuple(_host(one, PORTS[scheme]) for one in place.split(",")))
    raise _unknown()


def _host(place: str, default: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{place}")
        host, port = parts.hostname, parts.port or default
    except ValueError:
        raise _unknown() from None
    if not host or "@" in place or parts.path or parts.query or parts.fragment or ";" in place:
        raise _unknown()
    return host, port


def _unknown() -> UserError:
    return UserError(
        f"LI_PERF_ENGINE is none of {EXAMPLES}; a token stands behind the host, as in sc://host:443/;token=…"
    )
