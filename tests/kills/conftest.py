"""Towns that the tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chaos.town import Town, town


@pytest.fixture(scope="session")
def quick_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town whose servers answer at once."""
    with town(tmp_path_factory.mktemp("quick")) as made:
        yield made


@pytest.fixture(scope="session")
def slow_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town whose answers take their time, so that a moment chosen at random finds calls in flight."""
    with town(tmp_path_factory.mktemp("slow"), tickets=150, seed=2, faults="latency=0.05", workers=8) as made:
        yield made
