"""SIGKILL at random moments, again and again until the run is through: nothing lost, nothing twice."""

from __future__ import annotations

import os
import random
import signal

import pytest
from chaos.town import WORKERS, Town
from support.chaos import bounded, note

KILLS = bounded(3, int(os.environ.get("CHAOS_KILLS", "300")))
SHARES = bounded(1, 2)  # so many workers divide the kills among them
PER_START = WORKERS + 4  # calls that a start may cost Carto: what was in flight, a greeting, columns, counts


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("share", range(SHARES))
def test_a_run_killed_at_random_moments_loses_nothing(small_town: Town, share: int) -> None:
    wanted = -(-(KILLS - share) // SHARES)
    kills = runs = repeated = 0
    while kills < wanted:
        story, here = small_town.new(), 0
        while here < 25 and kills < wanted:
            process = story.start()
            if process.ended(random.uniform(0.1, 1.0) * small_town.seconds) is None:
                process.send(signal.SIGKILL)
            if process.end().code == 0:
                break
            assert process.end().code == -signal.SIGKILL, process.end().err
            kills, here = kills + 1, here + 1
        story.finish(again=story.town.at_risk * here, carto=PER_START * (here + 1))
        runs, repeated = runs + 1, repeated + story.repeated
    assert kills
    note("random kills", {"kills": kills, "runs": runs, "asked again": repeated})
