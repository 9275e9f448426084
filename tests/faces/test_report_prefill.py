"""How the report tells where answers came from, and how far the City's own table can be relied on."""

from __future__ import annotations

import msgspec
import pytest

from li_perf.analysis.findings import Findings
from li_perf.faces.report_text import text


def told(findings: Findings) -> str:
    """The report's prose on one line."""
    return " ".join(text(findings).split())


def test_what_was_taken_from_the_table_stands_beside_its_agreement_and_interval(full: Findings) -> None:
    said = told(full)
    assert "table of properties could answer 8,199 of 19,467 look-ups." in said
    assert "AIS was asked a random 200 of these" in said
    assert "agrees with the table in 197 of 198: 99.5 %, 95 % interval 97.2–99.9 % (Wilson)." in said
    assert "So 7,999 look-ups were answered from the table and not asked." in said


def test_a_table_that_was_not_relied_on_says_so(full: Findings) -> None:
    assert full.prefill
    refused = msgspec.structs.replace(full.prefill, status="refused", agreed=150, agreement=150 / 198, prefilled=0)
    said = told(msgspec.structs.replace(full, prefill=refused))
    assert "150 of 198: 75.8 %" in said
    assert "That is not enough to rely on it, so AIS was asked about all." in said
    assert "were answered from the table" not in said


@pytest.mark.parametrize("reason", ["Carto's table opa_properties_public has no column location any more", None])
def test_a_table_that_could_not_be_had_says_why(full: Findings, reason: str | None) -> None:
    assert full.prefill
    skipped = msgspec.structs.replace(full.prefill, status="skipped", reason=reason)
    said = told(msgspec.structs.replace(full, prefill=skipped))
    assert f"answered nothing: {reason or '–'}" in said
    assert "audited" not in said


def test_a_run_without_it_does_not_speak_of_it(full: Findings) -> None:
    assert "table of properties" not in told(msgspec.structs.replace(full, prefill=None))
