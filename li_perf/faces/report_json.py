"""The report as JSON, and the JSON Schema of it (docs/report.schema.json)."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from li_perf.analysis.findings import Findings


def json(findings: Findings) -> bytes:
    """The findings, indented; keys in the order of `Findings`, those of its dictionaries sorted.

    A lone surrogate, which UTF-8 cannot hold, becomes U+FFFD.
    """
    plain = _whole(msgspec.to_builtins(findings, order="deterministic"))
    return msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n"


def schema() -> bytes:
    """The JSON Schema of report.json, as docs/report.schema.json holds it."""
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "li_perf report",
        "description": "The findings in report.json: service requests and the code violations that match them.",
        **msgspec.json.schema(Findings),
    }
    return msgspec.json.format(msgspec.json.encode(described), indent=2) + b"\n"


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "�", value)
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list | tuple) else value
