"""Messages on standard error, as sentences or as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from li_perf.faces import messages

log = logging.getLogger("li_perf.engine")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = list(root.handlers)
    yield
    root.handlers[:] = before


def test_as_json_a_message_is_one_object_with_its_time_and_gravity(capsys: pytest.CaptureFixture[str]) -> None:
    messages.set_up(as_json=True)
    log.warning("%s answers again after %.0f s.\nAnd \x1b[31mthis.", "AIS", 3.2)
    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert abs((datetime.now(UTC) - datetime.fromisoformat(said.pop("at"))).total_seconds()) < 60
    assert said == {
        "level": "warning",
        "logger": "li_perf.engine",
        "message": "AIS answers again after 3 s.\nAnd \x1b[31mthis.",
    }


def test_as_json_a_traceback_is_part_of_the_object(capsys: pytest.CaptureFixture[str]) -> None:
    messages.set_up(as_json=True)
    try:
        raise ValueError("no number")
    except ValueError:
        log.exception("Odd")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["traceback"].endswith("ValueError: no number")


def test_each_message_is_written_once_however_often_it_is_set_up(capsys: pytest.CaptureFixture[str]) -> None:
    messages.set_up()
    messages.set_up(as_json=True)
    messages.set_up()
    log.warning("Paused.")
    log.info("Nobody wants to know.")
    assert capsys.readouterr().err == "Paused.\n"
