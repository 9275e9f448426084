from __future__ import annotations

import unicodedata

import msgspec
import pytest
from rich.cells import cell_len

from li_perf.analysis.findings import Check, Findings
from li_perf.faces.report_page import page
from li_perf.faces.report_parts import Table
from li_perf.faces.report_text import WIDTH, fit, text, wrap


def test_the_three_answers_come_first_each_with_its_denominator(full: Findings) -> None:
    sure = msgspec.structs.replace(full, lookups=msgspec.structs.replace(full.lookups, failed=0, unresolved_requests=0))
    lines = text(sure).splitlines()
    assert lines[0] == "1. 28,388 service requests for License & Inspections, 1 January to 31 December 2025."
    top = "\n".join(lines[:13])
    assert "2. 31.4 % (6,943 of 22,104) have a matching code violation." in top
    assert "3. 14.2 % (4,021 of 28,388) are open." in top
    assert top.count("Definition:") == top.count("Denominator:") == 3
    assert "M3(60): A violation at the same parcel is dated 0 to 60 days after the request." in top


def test_failed_lookups_are_said_first_with_what_they_may_change(full: Findings) -> None:
    said = " ".join(text(full).splitlines()[:2])
    assert said.startswith("WARNING: 37 look-ups failed: the answer may be off by at most 0.1 percentage points")


def test_a_failing_check_is_announced_first_and_listed_first(full: Findings) -> None:
    failing = msgspec.structs.replace(full, checks=[*full.checks, Check(name="sums", passed=False, detail="1 ≠ 2")])
    rendered = text(failing)
    assert rendered.startswith("WARNING: 1 of 4 checks FAILED: sums.\n")
    assert rendered.index("FAIL    sums") < rendered.index("PASS    outcomes")


def test_outcomes_that_do_not_add_up_are_announced(full: Findings) -> None:
    wrong = msgspec.structs.replace(full, address_outcomes={"parcel_exact": 7})
    rendered = text(wrong)
    assert "The address outcomes add up to 7, not to the 28,388 requests." in rendered[:500]
    assert "The outcomes do not add up: 7 ≠ 28,388 requests." in rendered


def test_the_outcomes_are_shown_to_add_up(full: Findings) -> None:
    assert "The outcomes add up: 28,388 = 28,388 requests." in text(full)


def test_too_many_matches_raise_a_warning(full: Findings) -> None:
    eager = msgspec.structs.replace(full, headline=msgspec.structs.replace(full.headline, share=0.68))
    assert "68.0 % matched is more than two thirds" in text(eager)
    assert "matched is more than two thirds" not in text(full)


@pytest.mark.parametrize(
    "said",
    [
        "America/New_York",
        "2026-02-03T04:05:06Z",
        "The City's own complaints name 40.0 % of the requests",
        "Same-day violations: 597.",
        "WHERE agency_responsible = 'License & Inspections'",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "columns that the server no longer has",
        "duplicate service_request_id",
        "A period cut at UTC midnight would bring in 14 rows and lose 9",
        "WHAT THIS DOES NOT SHOW",
        "the requests are not a sample",
        "33 requests closed without a time and 2 requests open with one",
        "1400 N 10TH ST",
        "first violation after the window",
    ],
)
def test_the_report_says_what_the_definitions_ask_for(full: Findings, said: str) -> None:
    assert said in " ".join(text(full).split())


def test_every_row_of_every_table_is_a_line_with_its_numbers(full: Findings) -> None:
    lines = [line.split() for line in text(full).splitlines()]
    for table in _tables(full):
        for row in table.rows:
            numbers = [
                word
                for cell, column in zip(row, table.columns, strict=True)
                if column.kind == "number"
                for word in cell.split()
            ]
            assert any(line[len(line) - len(numbers) :] == numbers for line in lines), (table.caption, row)


def test_what_is_unknown_is_a_dash_and_never_zero(sparse: Findings) -> None:
    rendered = text(sparse)
    assert "1. 0 service requests" in rendered
    assert "2. – (0 of 0) have a matching code violation." in rendered
    assert "3. – (0 of 0) are open." in rendered
    assert "%" not in rendered.replace("95 %", "").replace("over 67 % matched", "")
    assert "None" not in rendered
    assert "nan" not in rendered.split()


def test_hostile_text_stays_in_its_column_and_shows_what_it_hid(hostile: Findings) -> None:
    rendered = text(hostile)
    for line in rendered.split("\n"):
        assert cell_len(line) <= WIDTH
        assert not {unicodedata.category(char) for char in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert "2. 31.4 % (6,943 of 22,104) have a matching code violation." in rendered
    rendered.encode()


def test_the_report_never_exceeds_its_width(full: Findings, sparse: Findings) -> None:
    assert max(len(line) for findings in (full, sparse) for line in text(findings).splitlines()) <= WIDTH


def test_the_same_findings_give_the_same_text_whatever_the_order_of_their_dictionaries(full: Findings) -> None:
    turned = msgspec.structs.replace(
        full,
        address_outcomes=dict(reversed(full.address_outcomes.items())),
        match_levels=dict(reversed(full.match_levels.items())),
        failures=dict(reversed(full.failures.items())),
    )
    assert text(turned) == text(full)


def test_a_percentage_is_not_torn_from_its_sign() -> None:
    assert wrap("about 31.4 % of it", width=10) == ["about", "31.4 % of", "it"]


def test_what_is_cut_ends_in_an_ellipsis() -> None:
    assert fit("abcdef", 4) == "abc…"
    assert fit("漢字漢字", 4) == "漢…"
    assert fit("abcd", 4) == "abcd"
    assert fit("a\tb\u202e", 4) == "a␉b�"


def _tables(findings: Findings) -> list[Table]:
    return [table for chapter in page(findings).chapters for section in chapter.sections for table in section.tables]


def test_a_check_that_need_not_hold_raises_no_alarm(full: Findings) -> None:
    check = Check(name="M6 <= M4", passed=False, detail="2 against 1.", is_certain=False)
    rendered = text(msgspec.structs.replace(full, checks=[check]))
    assert "FAILED" not in rendered
    assert "NOTE    M6 <= M4" in rendered
