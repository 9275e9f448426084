"""Routes: the API's documentation as a page of our own, which asks no other host for anything."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, HTTPException, Response

router = APIRouter(include_in_schema=False)
FOLDER = Path(__file__).parent / "page"
KINDS = {"docs.html": "text/html", "docs.css": "text/css", "docs.js": "text/javascript"}


@router.get("/docs")
async def docs() -> Response:
    """The page."""
    return _file("docs.html")


@router.get("/docs/{name}")
async def part(name: str) -> Response:
    """A part of the page."""
    return _file(name)


def _file(name: str) -> Response:
    if name not in KINDS:
        raise HTTPException(404)
    return Response((FOLDER / name).read_bytes(), media_type=KINDS[name], headers={"Cache-Control": "no-cache"})
