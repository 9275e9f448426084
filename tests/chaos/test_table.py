"""The table of figures adds up what belongs together."""

from __future__ import annotations

import json
from typing import Any

from chaos.table import table


def _line(figure: str, value: Any) -> str:
    return json.dumps({"figure": figure, "value": value})


def test_figures_of_one_name_are_one_row() -> None:
    shown = table(
        [
            _line("random kills", {"kills": 100, "asked again": 150, "slowest (s)": 1.25}),
            _line("seeds", 600),
            _line("random kills", {"kills": 20, "asked again": 30, "slowest (s)": 0.5}),
            _line("seeds", 400),
            _line("most in a second", 10),
            _line("most in a second", 11),
            _line("guards", "lock"),
            _line("guards", "budget"),
        ]
    )
    assert shown.splitlines() == [
        "random kills      kills 120 · asked again 180 · slowest (s) 1.25 · asked again per kill 1.50",
        "seeds             1,000",
        "most in a second  11",
        "guards            budget, lock",
    ]


def test_no_figures_are_said_to_be_none() -> None:
    assert "No figures" in table([])
