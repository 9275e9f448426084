"""The town that the tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chaos.town import Town, town


@pytest.fixture(scope="session")
def small_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town whose answers take their time, so that a moment chosen at random finds calls in flight."""
    with town(tmp_path_factory.mktemp("town"), tickets=60, seed=1, faults="latency=0.03") as made:
        yield made
