"""The shape of AIS's answers, and the accounts in them."""

from __future__ import annotations

import re

import msgspec

from li_perf.errors import Drift

ACCOUNT = re.compile(r"[0-9]{9}")


class Missing(msgspec.Struct, frozen=True):
    """AIS's error body; `details` is null where the route itself is unknown."""

    message: str | None = None
    details: dict[str, object] | None = None


class Properties(msgspec.Struct, frozen=True):
    """What is used of a feature's properties; an intersection has no account at all."""

    opa_account_num: object = msgspec.UNSET
    zip_code: object = None


class Feature(msgspec.Struct, frozen=True):
    properties: Properties
    ais_feature_type: str | None = None
    match_type: str | None = None


class Found(msgspec.Struct, frozen=True):
    """A FeatureCollection of AIS."""

    features: list[Feature]
    search_type: str | None = None
    query: object = None


def accounts(feature: Feature) -> tuple[str, ...]:
    """The OPA accounts of a feature: nine digits each; AIS joins several by `|` and says "" for none.

    `source_details` gives lists of `{source, value}`. A number has lost its leading zeros. Raises Drift where the
    value is of no known form: drift is never "no account".
    """
    value = feature.properties.opa_account_num
    if isinstance(value, str) and ACCOUNT.fullmatch(value):
        return (value,)
    if value is None or value == "":
        return ()
    items = [_value(item) for item in value] if isinstance(value, list) else [value]
    parts = [part for item in items for part in _written(item).split("|")]
    if not parts or not all(ACCOUNT.fullmatch(part) for part in parts):
        raise Drift(f"AIS sent an opa_account_num of an unknown form: {_shown(value)}.", status=200, tries=2)
    return tuple(sorted(set(parts)))


def _shown(value: object) -> str:
    return "none at all" if value is msgspec.UNSET else repr(value)[:50]


def _value(item: object) -> object:
    return item.get("value") if isinstance(item, dict) else item


def _written(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:09d}"
    return value if isinstance(value, str) else ""
