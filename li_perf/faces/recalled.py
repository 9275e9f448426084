"""A request as its city publishes it, and how its status changed, as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence

from li_perf.faces.report_values import visible
from li_perf.steps.recall import Recalled, Turn

IN_THE_HEADING = ("service_request_id", "service_name", "status", "requested_on", "closed_on")


def recalled_text(found: Recalled) -> str:
    """A heading, a line for each thing that is known, and a line for each status that it had."""
    request = found.request
    closed = f", closed {request['closed_on']}" if request["closed_on"] else ""
    lines = [
        f"request {request['service_request_id']}: {request['service_name'] or 'no service name'}, "
        f"{request['status']}, made {request['requested_on']}{closed}"
    ]
    for name, value in request.items():
        if name not in IN_THE_HEADING and value is not None:
            lines.append(f"  {_title(name, found)}: {_word(value)}")
    return "\n".join(visible(line) for line in [*lines, *history_lines(found.history)])


def history_lines(turns: Sequence[Turn]) -> list[str]:
    """When each status came to us, and what the portal says of its closing and change."""
    return [_turn(turn) for turn in turns]


def _turn(turn: Turn) -> str:
    parts = [f"  status {turn.status}: seen {turn.seen_at}"]
    if closed := turn.closed_at or turn.closed_on:
        parts.append(f"closed {closed}")
    if turn.updated_at:
        parts.append(f"changed {turn.updated_at}")
    return ", ".join(parts)


def _title(name: str, found: Recalled) -> str:
    return found.area_title if name == "area" and found.area_title else name.replace("_", " ")


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
