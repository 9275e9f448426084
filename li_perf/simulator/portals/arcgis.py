"""An ArcGIS feature layer: errors with HTTP 200, at most `most` rows a page, and a flag where there are more.

Interface: developers.arcgis.com/rest/services-reference. The flag stands beside the features, in GeoJSON below them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from li_perf.simulator.faults import Faults
from li_perf.simulator.portals.columns import Column, Kind, Query, rendered
from li_perf.simulator.portals.language import Unknown, condition
from li_perf.simulator.portals.rows import Rows
from li_perf.simulator.portals.stand_in import Asked, as_body
from li_perf.simulator.portals.tokens import LAYER_SQL
from li_perf.simulator.reply import Reply

_INVALID = "Cannot perform query. Invalid query parameters."
_TYPES = {
    Kind.TEXT: "esriFieldTypeString",
    Kind.INSTANT: "esriFieldTypeDate",
    Kind.NUMBER: "esriFieldTypeDouble",
    Kind.WHOLE: "esriFieldTypeInteger",
}
OBJECTID = Column(name="OBJECTID", kind=Kind.WHOLE, sql="(n + 1)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArcGis:
    """The first layer of the service `table`; `most` rows at once."""

    rows: Rows
    table: str
    most: int = 2_000

    def kind(self, asked: Asked) -> str:
        if not asked.path.endswith("/query"):
            return "look"
        is_census = "outStatistics" in asked.parameters or asked.parameters.get("returnCountOnly") == "true"
        return "census" if is_census else "page"

    def answer(self, asked: Asked, faults: Faults) -> Reply:
        layer = f"/{self.table}/FeatureServer/0"
        if asked.path == layer:
            return as_body(200, self._described())
        if asked.path != f"{layer}/query":
            return _error(400, "Invalid URL")
        try:
            return self._found(asked.parameters, faults)
        except Unknown as error:
            return _error(400, _INVALID, f"'Invalid field: {error}' parameter is invalid")
        except (KeyError, ValueError) as error:
            return _error(400, _INVALID, f"'where' clause is invalid: {error}")

    def _described(self) -> dict[str, Any]:
        own = {OBJECTID.name: "esriFieldTypeOID"}
        fields = [{"name": one.name, "type": own.get(one.name, _TYPES[one.kind])} for one in self.rows.columns.values()]
        return {
            "currentVersion": 11.2,
            "id": 0,
            "name": self.table,
            "type": "Feature Layer",
            "objectIdField": OBJECTID.name,
            "maxRecordCount": self.most,
            "fields": fields,
        }

    def _found(self, asked: Mapping[str, str], faults: Faults) -> Reply:
        where, values = condition(asked["where"], self.rows.columns, LAYER_SQL)
        query = Query(where=where, values=values)
        if asked.get("returnCountOnly") == "true":
            return as_body(200, {"count": self.rows.count(query)})
        if "outStatistics" in asked:
            return as_body(200, self._statistics(asked["outStatistics"], query))
        limit = min(int(asked.get("resultRecordCount", self.most)), self.most)
        if faults.carto_timeout_rows is not None and limit > faults.carto_timeout_rows:
            return _error(504, "Your request has timed out.")
        offset = int(asked.get("resultOffset", 0))
        order = [self._known(name.strip()).sql for name in asked.get("orderByFields", "").split(",") if name.strip()]
        query = replace(query, order=order, limit=limit + 1, offset=offset)
        return self._features(asked, query, limit)

    def _features(self, asked: Mapping[str, str], query: Query, limit: int) -> Reply:
        """One row more is looked for than is shown."""
        is_geojson = asked.get("f") == "geojson"
        chosen = self._chosen(asked.get("outFields", OBJECTID.name))
        name = "properties" if is_geojson else "attributes"
        texts = self.rows.texts(rendered(chosen, _shown, has_nulls=True), query)
        shown = ",".join(f'{{"{name}":{text}}}' for text in texts[:limit])
        more = '"exceededTransferLimit":true' if len(texts) > limit else ""
        if is_geojson:
            below = f',"properties":{{{more}}}' if more else ""
            body = f'{{"type":"FeatureCollection"{below},"features":[{shown}]}}'
        else:
            fields = json.dumps([{"name": one.name, "type": _TYPES[one.kind]} for one in chosen])
            beside = f",{more}" if more else ""
            body = f'{{"objectIdFieldName":"OBJECTID","fields":{fields}{beside},"features":[{shown}]}}'
        return Reply(status=200, body=body.encode())

    def _chosen(self, fields: str) -> list[Column]:
        if fields.strip() == "*":
            return list(self.rows.columns.values())
        return [self._known(name.strip()) for name in fields.split(",")]

    def _known(self, name: str) -> Column:
        plain = re.sub(r" (asc|desc)$", "", name, flags=re.IGNORECASE)
        if plain not in self.rows.columns:
            raise Unknown(plain)
        return self.rows.columns[plain]

    def _statistics(self, wanted: str, query: Query) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for one in json.loads(wanted):
            column = self._known(one["onStatisticField"])
            if one["statisticType"] == "count":
                found[one["outStatisticFieldName"]] = self.rows.count(query)
            else:
                largest = self.rows.largest(column, query)
                found[one["outStatisticFieldName"]] = _milliseconds(largest) if largest else None
        return {"features": [{"attributes": found}]}

    def busy(self, wait: float) -> Reply:
        return _error(429, "Too many requests")

    def denied(self) -> Reply:
        return _error(499, "Token Required")

    def failed(self) -> Reply:
        """It passes, though it says that the statement is at fault."""
        return _error(500, _INVALID)

    def cut(self, reply: Reply) -> Reply:
        return _error(500, "Error performing query operation")


def _milliseconds(moment: datetime) -> int:
    return round(moment.replace(tzinfo=UTC).timestamp() * 1_000)


def _shown(column: Column) -> str:
    return {
        Kind.TEXT: f"cast(to_json({column.sql}) as varchar)",
        Kind.INSTANT: f"cast(epoch_ms({column.sql}) as varchar)",
    }.get(column.kind, f"cast({column.sql} as varchar)")


def _error(code: int, message: str, *details: str) -> Reply:
    """With HTTP 200; `details` may be missing."""
    more = {"details": list(details)} if details else {}
    return as_body(200, {"error": {"code": code, "message": message, **more}})
