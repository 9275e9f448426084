"""The API's description (OpenAPI), its schemas made from the shapes of its answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from li_perf import __version__
from li_perf.faces.api.answers import Problem
from li_perf.faces.api.problems import MEDIA_TYPE

REF = "#/components/schemas/{name}"
ABOUT = """What the stores of li_perf hold, read only. Every figure says what it means (`definition`), of when it is
(`as_of`) and how many requests count (`n`). Lists come in pages: follow `next`. Where an answer has an `ETag`, ask
again with `If-None-Match`. Lists are also CSV: `Accept: text/csv` or `format=csv`."""
SAID = {
    304: "What the client has is what it would be sent",
    404: "There is none",
    405: "It can only be read",
    414: "The address is too long",
    422: "A parameter cannot be used; `errors` says which and why",
    500: "A fault of this server",
    503: "Not yet, or not now; `detail` says what to do",
}
USUAL = (304, 414, 422, 500)  # what any route may answer
_shapes: dict[str, Any] = {"Problem": Problem}


def answered(shape: Any, *others: int, csv: bool = False) -> dict[str, Any]:
    """What a route says of its answers: the shape of its success, and which errors it has."""
    _shapes[shape.__name__] = shape
    content: dict[str, Any] = {"application/json": {"schema": {"$ref": REF.format(name=shape.__name__)}}}
    if csv:
        content["text/csv"] = {"schema": {"type": "string"}}
    responses: dict[int | str, Any] = {status: _failure(status) for status in sorted({*USUAL, *others})}
    responses[200] = {"description": _first_sentence(shape), "content": content}
    return {"responses": responses, "response_model": None}


def _failure(status: int) -> dict[str, Any]:
    content = {} if status == 304 else {"content": {MEDIA_TYPE: {"schema": {"$ref": REF.format(name="Problem")}}}}
    return {"description": SAID[status], **content}


def _first_sentence(shape: Any) -> str:
    return str(shape.__doc__).split("\n\n")[0].strip()


def describe(app: FastAPI, cities: Sequence[str]) -> dict[str, Any]:
    """The description, made once; cities are listed by name."""
    if app.openapi_schema is None:
        found = get_openapi(title="li_perf", version=__version__, description=ABOUT, routes=app.routes)
        _, schemas = msgspec.json.schema_components(list(_shapes.values()), ref_template=REF)
        found["components"] = {"schemas": schemas}
        for path, methods in found["paths"].items():
            if "{city}" in path:
                _list(methods["get"]["parameters"], cities)
        app.openapi_schema = found
    return app.openapi_schema


def _list(parameters: list[dict[str, Any]], cities: Sequence[str]) -> None:
    for parameter in parameters:
        if parameter["name"] == "city":
            parameter["schema"] = {"type": "string", "enum": list(cities)}
