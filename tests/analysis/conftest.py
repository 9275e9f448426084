"""Worlds for the tests of analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from support.inspections import World, fill


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack, spill=tmp_path / "spill")


@pytest.fixture
def random_world(world: World) -> Callable[[int], World]:
    """Fills a world by seed."""
    return partial(fill, world)
