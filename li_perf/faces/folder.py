"""Whether a folder takes the report, before hours are spent on it, and whose report it holds."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec

from li_perf.errors import UserError
from li_perf.faces.report_values import visible
from li_perf.model import Period


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a report that stands there."""

    since: str
    until: str


def check_folder(folder: Path) -> None:
    """Raises UserError for a folder that cannot be made or written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(
            f"The report cannot be written to {folder} ({error.strerror}, as user {os.getuid()}). "
            "Make the folder writable, or name another with LI_PERF_OUTPUT."
        ) from None


def displaced(folder: Path, period: Period) -> str | None:
    """The sentence for a report of another period in the folder, which this one is to replace; None without one."""
    try:
        there = msgspec.json.decode((folder / "report.json").read_bytes(), type=Written)
    except (OSError, msgspec.DecodeError):
        return None
    if (there.since, there.until) == (period.since.isoformat(), period.until.isoformat()):
        return None
    return (
        f"{period.since} until {period.until} is reported: "
        f"{folder} holds the report of {visible(there.since)} until {visible(there.until)}, and loses it."
    )
