"""The tests can fail: each guard of the product is switched off in turn, and its named test notices (`make guards`)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from chaos.guards import GUARDS
from support.chaos import bounded, note

ROOT = Path(__file__).parents[2]


def _tested(name: str, *, off: bool) -> subprocess.CompletedProcess[str]:
    """The guard's test in a process of its own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("CHAOS", "PYTEST", "COV"))}
    environment = kept | {"PYTHONPATH": str(ROOT / "tests")} | ({"GUARD_OFF": name} if off else {})
    command = [sys.executable, "-m", "pytest", "-p", "chaos.guards", "-p", "no:cacheprovider", "--timeout", "100"]
    return subprocess.run(
        [*command, "-x", GUARDS[name].test], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(not bounded(False, True), reason="a step of its own: make guards")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", sorted(GUARDS))
def test_without_its_guard_the_named_test_fails(name: str) -> None:
    whole = _tested(name, off=False)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    without = _tested(name, off=True)
    said = without.stdout + without.stderr
    assert without.returncode == 1, f"without {name}, {GUARDS[name].test} does not fail:\n{said}"
    assert f"FAILED {GUARDS[name].test}" in without.stdout, said
    assert "Timeout" not in without.stdout, said
    note("guards whose absence is noticed", name)
