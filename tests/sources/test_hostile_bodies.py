"""Bodies that are no answer, whatever their status says: each is a fault of one call, none is a result or a crash."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sources.replies import HOSTILE, QUESTION, reply_of, verdict

from li_perf.sources import ais, carto
from li_perf.sources.body import decode
from li_perf.wire import Reply


def _ask_ais(reply: Reply) -> object:
    return ais.read(QUESTION, reply)


READERS = {"ais": _ask_ais, "carto": carto.read}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
def test_a_200_that_is_not_an_answer_is_garbled(read: Callable[[Reply], object], body: bytes) -> None:
    assert verdict(lambda: read(reply_of(200, body)))[0] == "Garbled"


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "Rejected"), (401, "Denied"), (403, "Blocked"), (404, "Astray"), (429, "Busy"), (500, "Broken")],
)
def test_a_failure_with_a_hostile_body_stays_that_failure(
    read: Callable[[Reply], object], body: bytes, status: int, kind: str
) -> None:
    assert verdict(lambda: read(reply_of(status, body)))[0] == kind


@given(st.sampled_from([200, 400, 401, 403, 404, 405, 429, 500]), st.binary(max_size=200))
@settings(deadline=None)
def test_random_bytes_never_crash_a_reader_and_are_never_an_answer(status: int, body: bytes) -> None:
    for read in READERS.values():
        name, error = verdict(lambda read=read: read(reply_of(status, body)))  # type: ignore[misc]
        assert error is not None, name


def test_a_byte_order_mark_is_no_harm() -> None:
    assert decode(b'\xef\xbb\xbf{"a": 1}', dict) == {"a": 1}


def test_of_a_name_that_occurs_twice_the_last_value_counts() -> None:
    assert decode(b'{"a": 1, "a": 2}', dict) == {"a": 2}
