"""How often a chaotic test runs, at every commit and in chaos mode, and where its figures go."""

from __future__ import annotations

import json
import os
from pathlib import Path


def bounded(at_every_commit: int, in_chaos: int) -> int:
    return in_chaos if os.environ.get("CHAOS") else at_every_commit


def note(figure: str, value: object) -> None:
    """Add a figure to the file that CHAOS_FIGURES names."""
    if path := os.environ.get("CHAOS_FIGURES"):
        with Path(path).open("a") as figures:
            figures.write(json.dumps({"figure": figure, "value": value}) + "\n")
