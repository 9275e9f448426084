"""What is asked about an address, and how it travels."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from li_perf.model import Outcome
from li_perf.sources import ais

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=120)
WHITE = " \t\n\r\x0b\x0c\x1c\x85\xa0\u1680\u2003\u2028\u2029\u202f\u3000"


@pytest.mark.parametrize(
    ("address", "question"),
    [
        ("1234 Market St", "1234 MARKET ST"),
        ("  1234\t MARKET \r\n ST ", "1234 MARKET ST"),
        ("1234\u00a0market\u2003st\u3000", "1234 MARKET ST"),
        ("1234 MARKET\u200bST", "1234 MARKET\u200bST"),
        ("1234 MÁRKET st", "1234 MÁRKET ST"),
        ("straße 1", "STRASSE 1"),
        ("1769 FRANKFORD AVE #4", "1769 FRANKFORD AVE #4"),
        ("1234/36 MARKET ST", "1234/36 MARKET ST"),
        ("//evil.com", "//EVIL.COM"),
        ("../../admin", "../../ADMIN"),
        ("0", "0"),
        ("½ MAIN", "½ MAIN"),
        ("TEST ST", "TEST ST"),
        ("N 5TH", "N 5TH"),
    ],
)
def test_a_question_is_the_address_trimmed_upper_cased_and_collapsed(address: str, question: str) -> None:
    assert ais.question(address) == question


@pytest.mark.parametrize("white", WHITE)
def test_every_kind_of_white_space_is_one_space(white: str) -> None:
    assert ais.question(f"{white}12{white}{white}A ST{white}") == "12 A ST"


@pytest.mark.parametrize("address", [None, "", " ", "\t\n", "\u00a0 \u3000"])
def test_nothing_is_no_address(address: str | None) -> None:
    assert ais.question(address) is Outcome.ADDRESS_NULL


@pytest.mark.parametrize(
    "address",
    [
        *("-", "--", ".", "..", "#", "?", "/", "//", "&", ";", "%", "🏠", "👨\u200d👩\u200d👧 🏠", "\x07", "\ud800"),
        *("N/A", "n/a", " na ", "N  A", "Unknown", "NULL", "none", "test", "undefined", "No Address"),
    ],
)
def test_a_placeholder_is_not_asked(address: str) -> None:
    assert ais.question(address) is Outcome.ADDRESS_PLACEHOLDER


@given(ANY_TEXT)
@settings(deadline=None)
def test_a_question_of_a_question_is_itself(address: str) -> None:
    question = ais.question(address)
    if not isinstance(question, Outcome):
        assert ais.question(question) == question
        assert question == question.strip()
        assert "  " not in question


@pytest.mark.parametrize(
    ("text", "is_askable"),
    [("A" * 79, True), ("A" * 80, False), ("é" * 79, True), ("🏠" * 79, True), ("🏠" * 80, False), ("A \ud800", False)],
)
def test_only_what_ais_would_look_at_is_askable(text: str, is_askable: bool) -> None:
    assert ais.is_askable(text) is is_askable


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("1234 MARKET ST #2", "/search/1234%20MARKET%20ST%20%232"),
        ("ST?GATEKEEPERKEY=X", "/search/ST%3FGATEKEEPERKEY%3DX"),
        ("../../ADMIN", "/search/..%2F..%2FADMIN"),
        ("%2E%2E/ADMIN", "/search/%252E%252E%2FADMIN"),
        ("100%2F200", "/search/100%252F200"),
        ("X\r\nX-INJ: 1", "/search/X%0D%0AX-INJ%3A%201"),
        ("A+B;C&D=E", "/search/A%2BB%3BC%26D%3DE"),
        ("1234 MÁRKET", "/search/1234%20M%C3%81RKET"),
    ],
)
def test_nothing_of_a_question_is_left_raw_in_the_path(text: str, path: str) -> None:
    assert ais.request(text).path == path


@given(ANY_TEXT)
@settings(deadline=None)
def test_an_askable_question_is_exactly_one_segment_and_arrives_as_itself(address: str) -> None:
    question = ais.question(address)
    if isinstance(question, Outcome) or not ais.is_askable(question):
        return
    path = ais.request(question).path
    assert path.isascii()
    assert path.isprintable()
    url = urlsplit("https://api.phila.gov/ais/v2" + path)
    assert (url.netloc, url.query, url.fragment) == ("api.phila.gov", "", "")
    *before, segment = url.path.split("/")
    assert before == ["", "ais", "v2", "search"]
    assert segment not in (".", "..", "")
    assert unquote(segment) == question


def test_a_question_is_a_get_without_parameters() -> None:
    request = ais.request(ais.KNOWN_GOOD)
    assert (request.method, request.path) == ("GET", "/search/1234%20MARKET%20ST")
