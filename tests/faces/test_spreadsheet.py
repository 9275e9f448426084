from __future__ import annotations

import csv
import io

import pytest

from li_perf.faces.spreadsheet import cell, write_csv


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "  =", "\u00a0@"])
def test_text_that_a_spreadsheet_could_run_is_made_text(start: str) -> None:
    assert cell(f"{start}cmd|' /C calc'!A0").startswith("'")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (-39.95, "-39.95"),
        (-3, "-3"),
        ("-39.95", "-39.95"),
        ("+1e5", "+1e5"),
        ("007", "007"),
        ("-1+1", "'-1+1"),
        ("-٣", "'-٣"),
        ("--1", "'--1"),
        ("+1 215 686 8686", "'+1 215 686 8686"),
        ("1400 N 10TH ST", "1400 N 10TH ST"),
        ("a=b", "a=b"),
        (None, ""),
        (float("nan"), ""),
        (True, "true"),
        (False, "false"),
        ("", ""),
        ("a\x00b\x1bc", "a␀b␛c"),
        ("a\r\nb", "a␍␊b"),
        ("a\ud83db\u202e", "a�b�"),
    ],
)
def test_a_cell_holds_its_value_and_nothing_harmful(value: object, written: str) -> None:
    assert cell(value) == written


def test_numbers_that_end_in_a_newline_are_not_numbers() -> None:
    assert cell("-1\n") == "'-1␊"


def test_the_file_is_rfc_4180() -> None:
    stream = io.StringIO(newline="")
    write_csv(stream, ["id", "=name"], [["1", 'say "hi", you'], [2, None]])
    assert stream.getvalue() == 'id,\'=name\r\n1,"say ""hi"", you"\r\n2,\r\n'


def test_any_text_comes_back_as_one_cell(attack: str) -> None:
    stream = io.StringIO(newline="")
    write_csv(stream, ["a", "b"], [[attack, "end"]])
    stream.getvalue().encode()
    rows = list(csv.reader(io.StringIO(stream.getvalue(), newline=""), strict=True))
    assert rows == [["a", "b"], [cell(attack), "end"]]
