"""Errors as answers: application/problem+json, each with what to do next (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from li_perf.errors import StoreError
from li_perf.faces.api.answers import Invalid, Problem

MEDIA_TYPE = "application/problem+json"
WORDS = {
    404: "There is nothing at this address. GET /v1/openapi.json lists the addresses there are.",
    405: "This address can only be read. Use GET.",
}
SHOWN = 100  # characters of what a client sent
log = logging.getLogger(__name__)


def problem(
    status: int, detail: str, *, errors: list[Invalid] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """An error as an answer."""
    said = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors or [])
    return Response(msgspec.json.encode(said), status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let every error of the app be answered so."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StoreError, _unreadable)
    app.add_exception_handler(Exception, _broken)


def refused(fields: list[Invalid]) -> Response:
    """422, with the parameters at fault."""
    names = ", ".join(f"`{field.name}`" for field in fields)
    detail = f"These parameters cannot be used: {names}. GET /v1/openapi.json says which values there are."
    return problem(422, detail, errors=fields)


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = str(error.detail)
    detail = WORDS.get(error.status_code, said) if said == HTTPStatus(error.status_code).phrase else said
    return problem(error.status_code, detail, headers=error.headers)


def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return refused(
        [
            Invalid(place=str(one["loc"][0]), name=".".join(map(str, one["loc"][1:]))[:SHOWN], message=one["msg"])
            for one in error.errors()
        ]
    )


def _unreadable(request: Request, error: Exception) -> Response:
    log.warning(str(error))
    city = request.path_params.get("city", "a city")
    return problem(503, f"The store of {city} cannot be read; this server's log says why and what to do.")


def _broken(_: Request, __: Exception) -> Response:
    return problem(500, "This server has a fault; its log has the details.")
