"""What a simulated server sends back, before faults and the socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`cut` is the share of the body after which the connection closes; None sends everything."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    cut: float | None = None


def as_json(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """Spaced and in ASCII, as the City's program writes it."""
    return Reply(status=status, body=json.dumps(body).encode(), headers=headers or {})


def as_html(status: int, title: str, headers: Mapping[str, str] | None = None) -> Reply:
    """What a proxy in front of a server says for it."""
    body = f"<html>\r\n<head><title>{title}</title></head>\r\n<body><h1>{title}</h1></body>\r\n</html>\r\n"
    return Reply(status=status, body=body.encode(), headers=headers or {}, content_type="text/html")
