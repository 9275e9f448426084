"""An answer on its way: JSON or CSV, whether the client has it already, and where the next page is."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b
from urllib.parse import urlencode

import msgspec
from fastapi import Request, Response

from li_perf import __version__
from li_perf.faces.spreadsheet import write_csv

Table = tuple[Sequence[str], Iterable[Sequence[object]]]
SETTLED = timedelta(seconds=2)  # times are kept in seconds: within one, data may be made twice
DIFFERING = "Accept, Origin"  # by which headers an answer differs


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Which data an answer is made of: `parts` tell them apart, `made_at` is when they were made (None: unknown).

    What is made of several data is not `is_dated`: one of them may go without the newest changing.
    """

    parts: Sequence[str]
    made_at: datetime | None
    is_dated: bool = True

    def headers(self, request: Request) -> dict[str, str]:
        """Validators, once it is sure that these data cannot be made again within their second."""
        kept = {"Cache-Control": "no-cache", "Vary": DIFFERING}
        if self.is_settled:
            assert self.made_at
            kept["ETag"] = self.tag(request)
            if self.is_dated:
                kept["Last-Modified"] = format_datetime(self.made_at, usegmt=True)
        return kept

    @property
    def is_settled(self) -> bool:
        return self.made_at is not None and datetime.now(UTC) - self.made_at >= SETTLED

    def tag(self, request: Request) -> str:
        words = (__version__, *self.parts, "csv" if wants_csv(request) else "json")
        return f'"{blake2b(chr(0).join(words).encode(), digest_size=12).hexdigest()}"'

    def is_held_by(self, request: Request) -> bool:
        """Whether the client has what it would be sent (RFC 9110, 13.2.2); a time counts if it is the very one."""
        if not self.is_settled:
            return False
        assert self.made_at
        if (tags := request.headers.get("if-none-match")) is not None:
            held = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
            return "*" in held or self.tag(request) in held
        return self.is_dated and _instant(request.headers.get("if-modified-since")) == self.made_at


UNDATED = Version(parts=(), made_at=None)


def made_at(text: str) -> datetime | None:
    """A time as the store has it, aware; None for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def wants_csv(request: Request) -> bool:
    """By the parameter `format`, else by the header Accept."""
    if chosen := request.query_params.get("format"):
        return chosen == "csv"
    return _weight(request, "text/csv") > max(_weight(request, "application/json"), 0.0)


def unchanged(request: Request, version: Version) -> Response:
    """304."""
    return Response(status_code=304, headers=version.headers(request))


def send(
    request: Request,
    body: msgspec.Struct,
    version: Version,
    *,
    table: Callable[[], Table] | None = None,
    following: str | None = None,
) -> Response:
    """The answer as the client wants it; `table` is its rows, for CSV."""
    headers = version.headers(request)
    if following:
        headers["Link"] = f'<{following}>; rel="next"'
    if table and wants_csv(request):
        text = io.StringIO(newline="")
        write_csv(text, *table())
        return Response(text.getvalue().encode(), headers=headers, media_type="text/csv; charset=utf-8; header=present")
    return Response(msgspec.json.encode(body), headers=headers, media_type="application/json")


def page_after(request: Request, **changed: object) -> str:
    """The address of this request with some parameters changed, without the host."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in changed]
    return f"{request.url.path}?{urlencode([*kept, *changed.items()])}"


def _instant(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _weight(request: Request, kind: str) -> float:
    """How much the client wants a media type, 0 to 1; -1 where it does not speak of it."""
    for part in ",".join(request.headers.getlist("accept")).split(","):
        name, *parameters = (word.strip().lower() for word in part.split(";"))
        if name == kind:
            given = next((word[2:] for word in parameters if word.startswith("q=")), "1")
            try:
                return float(given)
            except ValueError:
                return 0.0
    return -1.0
