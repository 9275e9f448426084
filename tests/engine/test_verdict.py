"""Whose fault a failed call is."""

from __future__ import annotations

import pytest

from li_perf.engine.verdict import Verdict, verdict
from li_perf.errors import Fault, LiPerfError, ServerError


def leaves(kind: type[LiPerfError]) -> list[type[LiPerfError]]:
    return [kind, *(leaf for child in kind.__subclasses__() for leaf in leaves(child))]


FAULTS = [kind for kind in leaves(Fault) if kind.__name__ != "Busy"]


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize(
    ("slept", "is_down", "expected"),
    [
        (False, False, Verdict.ITEM),
        (False, True, Verdict.SERVICE),
        (True, False, Verdict.SERVICE),
        (True, True, Verdict.SERVICE),
    ],
)
def test_a_fault_is_the_questions_unless_the_server_was_down_or_the_machine_slept(
    kind: type[LiPerfError], slept: bool, is_down: bool, expected: Verdict
) -> None:
    assert verdict(kind("it failed"), slept=slept, is_down=is_down) is expected


def test_a_server_that_is_busy_charges_nobody() -> None:
    busy = next(kind for kind in leaves(Fault) if kind.__name__ == "Busy")
    assert verdict(busy("wait")) is Verdict.SERVICE


@pytest.mark.parametrize("kind", leaves(ServerError))
@pytest.mark.parametrize("excused", [True, False])
def test_what_no_waiting_mends_stops_the_run_whatever_else_is_wrong(kind: type[LiPerfError], excused: bool) -> None:
    assert verdict(kind("no"), slept=excused, is_down=excused) is Verdict.STOP


def test_an_answer_is_ok() -> None:
    assert verdict(None) is Verdict.OK
