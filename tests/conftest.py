"""How the whole suite is run: in which order several processes take the tests, and what their children inherit."""

from __future__ import annotations

import os
import sys

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Each process takes a stretch of neighbours, which share what they need, and then from whoever is behind."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "worksteal"


def pytest_configure() -> None:
    """The product is started a hundred times: it is compiled once."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_xdist_auto_num_workers() -> int:
    """One more than processors: some tests wait for processes of their own, or for real seconds to pass."""
    return (os.cpu_count() or 1) + 1
