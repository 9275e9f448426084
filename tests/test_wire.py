"""How long a server asks us to wait, in every form that a header may have."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from li_perf.wire import LONGEST_WAIT, retry_after

SENT_AT = "Mon, 06 Oct 2025 10:00:00 GMT"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 120 ", 120.0),
        ("1000000000", 1e9),
        ("9" * 5_000, LONGEST_WAIT),
        ("Mon, 06 Oct 2025 10:00:30 GMT", 30.0),
        ("Monday, 06-Oct-25 10:00:30 GMT", 30.0),
        ("Mon Oct  6 10:00:30 2025", 30.0),
        ("Mon, 06 Oct 2025 09:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT),
        *((word, None) for word in ("", "soon", "-3", "+5", "1e9", "1.5", "nan", "inf", "0x10", "1_000", "5, 6")),
        *((digits, None) for digits in ("١٢", "１２", "²")),
        ("Mon, 06 Oct 2025 99:00:30 GMT", None),
        ("Mon, 06 Oct 99999999999999999999 10:00:30 GMT", None),
        ("Mon, 06 Oct 2025 10:00:30 +99999", None),
    ],
)
def test_a_wait_is_read_in_both_forms_and_anything_else_counts_as_absent(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text, "date": SENT_AT}) == seconds


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}, {"date": "Mon, 06 Oct 99999999999999999999 1:0:0 GMT"}])
def test_a_date_without_the_servers_own_to_compare_it_with_counts_as_absent(headers: dict[str, str]) -> None:
    assert retry_after({"retry-after": SENT_AT} | headers) is None


PIECES = st.sampled_from(
    ["Mon,", "06", "Oct", "2025", "10:00:30", "GMT", "+0000", "-", "9" * 20, "99999", ":", "(", "0"]
)


@given(st.text(max_size=40) | st.lists(PIECES, max_size=8).map(" ".join), st.booleans())
@example("06 Oct 99999999999999999999 10:00:30", True)
def test_no_header_is_more_than_a_bounded_wait(text: str, is_date: bool) -> None:
    headers = {"retry-after": SENT_AT, "date": text} if is_date else {"retry-after": text, "date": SENT_AT}
    wait = retry_after(headers)
    assert wait is None or (math.isfinite(wait) and 0 <= wait <= LONGEST_WAIT)
