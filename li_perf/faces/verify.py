"""verify, as a person reads it: one line a check, and what to do for each that finds something."""

from __future__ import annotations

from collections.abc import Iterator

from li_perf.steps.check import Check
from li_perf.steps.verify import Verification

MOST_SHOWN = 10


def verify_text(found: Verification) -> str:
    """The checks in their order, and the verdict."""
    lines = [f"The store {found.store}:", *(line for check in found.checks for line in _lines(check))]
    damaged = sum(not check.is_sound for check in found.checks)
    verdict = f"{damaged} of {len(found.checks)} checks found something: see what to do there." if damaged else "Sound."
    return "\n".join([*lines, verdict])


def _lines(check: Check) -> Iterator[str]:
    yield f"  {'ok    ' if check.is_sound else 'DAMAGE'}  {check.name}: {check.detail}"
    yield from (f"          {finding}" for finding in check.findings[:MOST_SHOWN])
    if (more := len(check.findings) - MOST_SHOWN) > 0:
        yield f"          … and {more:,} more; `li-perf verify --json` lists all"
    if check.findings and check.remedy:
        yield f"          What to do: {check.remedy}"
