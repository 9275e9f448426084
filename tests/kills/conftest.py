"""Towns that a module's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chaos.town import Town, town


@pytest.fixture(scope="session")
def quick_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town whose servers answer at once."""
    with town(tmp_path_factory.mktemp("town")) as made:
        yield made
