"""Routes: the report of a city with inspections, as its last run wrote it, and how good a city's rows are."""

from __future__ import annotations

import asyncio
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Request, Response

from li_perf.analysis.findings import Findings
from li_perf.faces.api.asking import InCity, only_known, served
from li_perf.faces.api.documents import answered
from li_perf.faces.api.records import QualityFile
from li_perf.faces.api.sending import UNDATED, Version, send, unchanged
from li_perf.faces.api.serving import Held
from li_perf.faces.api.silver import as_of, lake_of, read
from li_perf.steps.quality import Quality, quality
from li_perf.store.reading import Snapshot

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


@router.get("/v1/cities/{city}/quality", **answered(QualityFile, 404, 503))
async def quality_of(request: Request, held: InCity) -> Response:
    """How good the rows are that the city publishes, and whether none was lost; all of them are read for it."""
    known = await lake_of(request, held)
    async with served(request).examining:
        found = await held.shelf.look(lambda snapshot: read(request, lambda: _examined(held, snapshot)))
    return send(request, QualityFile(as_of=as_of(known), quality=found), UNDATED)


def _examined(held: Held, snapshot: Snapshot) -> Quality:
    """In a loop of its own, as the lake is read without a pause."""
    spill = Path(tempfile.gettempdir()) / f"li_perf-{uuid4().hex}"  # made only by what does not fit into memory
    return asyncio.run(quality(snapshot, held.city, spill=spill))


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
