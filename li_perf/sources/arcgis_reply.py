"""Which replies of an ArcGIS layer are answers, and what its failures mean.

Behaviour: developers.arcgis.com/rest/services-reference (Query, Layer). An error comes with HTTP 200, as
`{"error": {code, message, details}}`; that there is more is said beside the features, or under `properties` in GeoJSON.
"""

from __future__ import annotations

from typing import Any

import msgspec

from li_perf.errors import Astray, Broken, Busy, ColumnGone, Denied, Garbled, Rejected, TooHeavy
from li_perf.sources.body import decode
from li_perf.sources.layer_sql import NAME
from li_perf.sources.portal import Page
from li_perf.sources.status import raise_for
from li_perf.wire import Reply, retry_after

SETTING = "LI_PERF_PORTAL_URL"
LOST = ("invalid field", "field is invalid", "field does not exist", "unknown field")
ASTRAY = ("invalid url", "service not found", "layer not found", "item does not exist")
PASSING = ("unable to complete", "unable to perform")


class Feature(msgspec.Struct, frozen=True):
    """A row: its values are `attributes`, or `properties` in GeoJSON."""

    attributes: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    geometry: Any = None


class Field(msgspec.Struct, frozen=True):
    name: str
    type: str | None = None


class Error(msgspec.Struct, frozen=True):
    """What went wrong; any of it may be missing."""

    code: Any = None
    message: Any = None
    details: Any = None

    @property
    def text(self) -> str:
        details = self.details if isinstance(self.details, list) else [self.details]
        return "; ".join(str(part) for part in (self.message, *details) if part)[:300]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of a layer: its description, features, or a count."""

    error: Error | None = None
    features: list[Feature] | None = None
    fields: list[Field] | None = None
    count: int | None = None
    exceededTransferLimit: bool | None = None
    properties: dict[str, Any] | None = None
    maxRecordCount: int | None = None
    objectIdField: str | None = None


def page_of(reply: Reply) -> Page:
    """Rows, the layer's description (its id field first among the columns), or a count as `n`.

    Raises Denied where we may not read, else a Fault.
    """
    try:
        answer = decode(reply.body, Answer)
    except ValueError as error:
        _raise_for_status(reply)
        raise Garbled(f"ArcGIS sent something that is not an answer: {str(error)[:200]}", status=reply.status) from None
    if answer.error:
        _raise_for_error(reply, answer.error)
    _raise_for_status(reply)
    return _page(answer)


def _page(answer: Answer) -> Page:
    if answer.features is not None:
        return Page(
            rows=[_row(feature) for feature in answer.features],
            columns=[field.name for field in answer.fields or ()],
            has_more=_has_more(answer),
        )
    if answer.count is not None:
        return Page(rows=[{"n": answer.count}])
    if answer.fields:
        key = _key_of(answer)
        names = [field.name for field in answer.fields if field.name != key]
        return Page(columns=[key, *names], most=max(1, answer.maxRecordCount) if answer.maxRecordCount else None)
    raise Garbled("ArcGIS sent neither features nor a layer.", status=200)


def _key_of(layer: Answer) -> str:
    of_type = [field.name for field in layer.fields or () if field.type == "esriFieldTypeOID"]
    key = layer.objectIdField or (of_type[0] if of_type else "")
    if not NAME.fullmatch(key):
        raise Garbled(f"ArcGIS's layer names no id field that can be asked for: {key[:50]!r}", status=200)
    return key


def _row(feature: Feature) -> dict[str, Any]:
    row = feature.attributes if feature.attributes is not None else feature.properties
    if row is None:
        raise Garbled("ArcGIS sent a feature without attributes.", status=200)
    return row if feature.geometry is None else {**row, "geometry": feature.geometry}


def _has_more(answer: Answer) -> bool | None:
    below = (answer.properties or {}).get("exceededTransferLimit")
    said = [flag for flag in (answer.exceededTransferLimit, below) if isinstance(flag, bool)]
    return any(said) if said else None


def _raise_for_status(reply: Reply) -> None:
    if reply.status == 200:
        return
    if reply.status == 400:
        raise Rejected("ArcGIS refused the statement (400).", status=400)
    if reply.status == 404:
        raise Astray("ArcGIS does not know this layer (404).", status=404)
    raise_for(reply, "ArcGIS", setting=SETTING)
    raise Garbled(f"ArcGIS answered {reply.status}.", status=reply.status)


def _raise_for_error(reply: Reply, error: Error) -> None:
    """Whatever is not known to be final may pass."""
    code = error.code if isinstance(error.code, int) else reply.status
    said = f"{code}: {error.text}"
    words = error.text.lower()
    if code in (401, 403, 498, 499):
        raise Denied(f"ArcGIS does not let us read this ({said}). Check {SETTING}.")
    if code == 429:
        raise Busy(f"ArcGIS asks for a pause ({said}).", status=429, wait=retry_after(reply.headers))
    if code == 404 or (code == 400 and any(word in words for word in ASTRAY)):
        raise Astray(f"ArcGIS does not know this layer ({said}).", status=code)
    if "timed out" in words:
        raise TooHeavy(f"ArcGIS cut the statement short ({said}).", status=code)
    if code == 400 and any(word in words for word in LOST):
        raise ColumnGone(f"ArcGIS lost a field ({said}).", status=400)
    if code == 400 and not any(word in words for word in PASSING):
        raise Rejected(f"ArcGIS refused the statement ({said}).", status=400)
    raise Broken(f"ArcGIS failed ({said}).", status=code)
