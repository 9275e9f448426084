"""aioresponses 0.7.9 on aiohttp 3.14, which wants a `stream_writer` that it does not give (its issue 289)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partialmethod
from unittest.mock import Mock

import pytest
from aiohttp import ClientResponse
from aioresponses import aioresponses


class _Response(ClientResponse):
    __init__ = partialmethod(ClientResponse.__init__, stream_writer=Mock(output_size=0))  # type: ignore[assignment]


@pytest.fixture
def canned(monkeypatch: pytest.MonkeyPatch) -> Iterator[aioresponses]:
    """Canned replies in place of aiohttp's own; loopback passes through."""
    monkeypatch.setattr("aioresponses.core.ClientResponse", _Response)
    with aioresponses() as replies:
        yield replies
