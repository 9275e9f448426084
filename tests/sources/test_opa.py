"""Which texts a row of the City's property table answers, and what such an answer means."""

from __future__ import annotations

import msgspec
import pytest

from li_perf.model import Outcome, Property
from li_perf.sources import opa


@pytest.mark.parametrize(
    ("address", "unit", "expected"),
    [
        ("1234 MARKET ST", None, [("1234 MARKET ST", True)]),
        ("  1234  market\tst ", "", [("1234 MARKET ST", True)]),
        ("1234 MARKET ST", "  ", [("1234 MARKET ST", True)]),
        ("1234 MARKET ST", "APT 4", [("1234 MARKET ST", False), ("1234 MARKET ST APT 4", True)]),
        (
            "1234 MARKET ST",
            "4b",
            [("1234 MARKET ST", False), ("1234 MARKET ST 4B", True), ("1234 MARKET ST UNIT 4B", True)],
        ),
        (None, "4", []),
        ("", None, []),
        ("-", None, []),
        ("UNKNOWN", None, []),
    ],
)
def test_a_row_answers_its_own_text_and_with_a_unit_that_of_the_unit(
    address: str | None, unit: str | None, expected: list[tuple[str, bool]]
) -> None:
    assert list(opa.texts(Property(account="883309050", address=address, unit=unit))) == expected


def test_a_pair_that_was_kept_means_one_parcel() -> None:
    meaning = opa.meaning(opa.body("1234 MARKET ST", "001234567"))
    assert (meaning.outcome, meaning.accounts) == (Outcome.PARCEL_EXACT, ("001234567",))
    assert not meaning.is_building_level


@pytest.mark.parametrize("kept", [b"", b"{}", b'{"address": "1 A ST"}', b'{"address": "1 A ST", "account": 7}'])
def test_a_pair_that_is_damaged_is_no_answer(kept: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        opa.meaning(kept)
