"""Bodies in the store are read as they were received, by whichever version they were written."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from li_perf.errors import StoreError
from li_perf.store.packing import pack, pack_answer, unpack
from li_perf.store.words import WORDS

BODIES = st.one_of(st.binary(), st.text().map(str.encode), st.integers(0, len(WORDS)).map(lambda end: WORDS[:end]))


def by_plain_zlib(body: bytes) -> bytes:
    packing = zlib.compressobj(1, zdict=WORDS)
    return packing.compress(body) + packing.flush()


@pytest.mark.parametrize("written", [pack, pack_answer, by_plain_zlib, zlib.compress])
@given(body=BODIES)
def test_a_body_comes_back_as_it_went_in(written: Callable[[bytes], bytes], body: bytes) -> None:
    """The last two are what an installation without the extra [speed], and versions before the dictionary, wrote."""
    assert unpack(written(body)) == body


@given(body=BODIES)
def test_anybody_with_zlib_and_the_dictionary_can_read_an_answer(body: bytes) -> None:
    assert zlib.decompressobj(zdict=WORDS).decompress(pack_answer(body)) == body


def test_the_dictionary_never_changes() -> None:
    """Answers that were kept with it cannot be read with another: a new one needs a name of its own."""
    assert hashlib.sha256(WORDS).hexdigest() == "7284e3845284817705ef28d58c4abdf50126ce6fb1aca3638fb64128f197e7eb"
    with pytest.raises(zlib.error):
        zlib.decompressobj(zdict=WORDS + b" ").decompress(pack_answer(b"an answer"))


def test_a_packed_answer_that_is_cut_off_is_damaged() -> None:
    with pytest.raises(StoreError, match="damaged"):
        unpack(pack_answer(b"an answer of some length")[:-3])
