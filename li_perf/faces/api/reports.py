"""Routes: the report of a city with inspections, as its last run wrote it."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Request, Response

from li_perf.analysis.findings import Findings
from li_perf.faces.api.asking import InCity, only_known, served
from li_perf.faces.api.documents import answered
from li_perf.faces.api.sending import Version, unchanged

router = APIRouter(dependencies=[Depends(only_known)], tags=["report"])


@router.get("/v1/cities/{city}/report", **answered(Findings, 404, 503))
async def report(request: Request, held: InCity) -> Response:
    """The report of the last run (report.json): requests, matches with violations, definitions, checks."""
    if held.city.inspections is None:
        raise HTTPException(404, f"{held.city.title} has no inspections, and so no report.")
    body, version = await asyncio.to_thread(_written, served(request).output / "report.json")
    if version.is_held_by(request):
        return unchanged(request, version)
    if _city(body) != held.city.name:
        raise HTTPException(404, f"The report that stands in the output folder is not of {held.city.title}.")
    return Response(body, headers=version.headers(request), media_type="application/json")


def _written(path: Path) -> tuple[bytes, Version]:
    try:
        with path.open("rb") as file:
            body, written = file.read(), os.fstat(file.fileno())
    except OSError:
        raise HTTPException(404, "There is no report yet. `li-perf report` writes it, `li-perf run` too.") from None
    at = datetime.fromtimestamp(int(written.st_mtime), UTC)
    return body, Version(parts=("report", str(written.st_mtime_ns), str(len(body))), made_at=at)


def _city(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=Findings).city
    except msgspec.DecodeError:
        detail = "The report in the output folder is not one of this version. `li-perf report` writes it anew."
        raise HTTPException(503, detail) from None
