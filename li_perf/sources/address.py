"""Statements of portals that are asked by GET: a path and its parameters, percent-encoded in this one place."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlsplit


def address(route: str, parameters: Mapping[str, str]) -> str:
    """`route` with the parameters behind it, in their order; nothing in a value is left raw.

    Raises ValueError for what cannot be written as UTF-8 (half a surrogate pair).
    """
    written = [f"{name}={quote(value, safe='')}" for name, value in parameters.items()]
    return f"{route}?{'&'.join(written)}"


def parameters_of(statement: str) -> dict[str, str]:
    """The parameters of a statement that `address` wrote."""
    return dict(parse_qsl(urlsplit(statement).query, keep_blank_values=True))
