"""SIGSTOP for longer than every time-out: what is late through that is nobody's fault."""

from __future__ import annotations

import signal

import pytest
from chaos.checks import rows
from chaos.town import Town
from support.chaos import bounded, note

from li_perf.engine.heartbeat import BEAT, LAG

TIMEOUT = 2.0
PAUSES = bounded(1, 7)  # more than a question has tries


@pytest.mark.timeout(300)
def test_a_run_put_to_sleep_charges_nothing_and_fails_nothing(slow_town: Town) -> None:
    story = slow_town.new()
    story.environment["LI_PERF_TIMEOUT"] = str(TIMEOUT)
    process = story.start()
    for pause in range(PAUSES):
        process.until("after call AIS", count=4 + 8 * pause)
        assert process.ended(0) is None, "the run is over before the pause"
        process.send(signal.SIGSTOP)
        process.ended(BEAT + LAG + max(TIMEOUT / 4, 0.5))
        process.send(signal.SIGCONT)
    ending = process.end()
    assert ending.code == 0, ending.err
    assert rows(story.folder, "select count(*) from lookup where state = 'failed'") == [(0,)]
    assert story.repeated <= slow_town.workers * PAUSES
    story.is_whole()
    note("pauses", {"pauses": PAUSES, "failed": 0, "asked again": story.repeated})
