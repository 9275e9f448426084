"""SIGSTOP for longer than every time-out: what is late through that is nobody's fault."""

from __future__ import annotations

import signal

import pytest
from chaos.checks import rows
from chaos.town import WORKERS, Town
from support.chaos import bounded, note

from li_perf.engine.heartbeat import BEAT, LAG

TIMEOUT = 5.0  # less than the pause, and more than a busy machine needs for an answer
PAUSES = bounded(1, 7)  # more than a question has tries


@pytest.mark.timeout(300)
def test_a_run_put_to_sleep_charges_nothing_and_fails_nothing(small_town: Town) -> None:
    story = small_town.new()
    story.environment["LI_PERF_TIMEOUT"] = str(TIMEOUT)
    process = story.start()
    for pause in range(PAUSES):
        process.until("after call AIS", count=3 + 4 * pause)
        assert process.ended(0) is None, "the run is over before the pause"
        process.send(signal.SIGSTOP)
        process.ended(BEAT + LAG + max(TIMEOUT / 4, 0.5))
        process.send(signal.SIGCONT)
    ending = process.end()
    assert ending.code == 0, ending.err
    ((failed,),) = rows(story.folder, "select count(*) from lookup where state = 'failed'")
    assert failed == 0
    assert story.repeated <= WORKERS * PAUSES
    story.is_whole()
    note("pauses longer than every time-out", {"pauses": PAUSES, "failed": failed, "asked again": story.repeated})
