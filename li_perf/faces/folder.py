"""Whether a folder takes the report, before hours are spent on it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from li_perf.errors import UserError


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
