"""SIGKILL at random moments, again and again until the run is through: nothing lost, nothing twice."""

from __future__ import annotations

import os
import random
import signal

import pytest
from chaos.checks import rows
from chaos.town import Town
from support.chaos import bounded, note

KILLS = bounded(4, int(os.environ.get("CHAOS_KILLS", "300")))
SHARES = bounded(1, 2)  # so many workers divide the kills among them
PER_START = 6  # calls that a start may cost Carto again: two in flight, a greeting, columns, counts


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("share", range(SHARES))
def test_a_run_killed_at_random_moments_loses_nothing(slow_town: Town, share: int) -> None:
    wanted = -(-(KILLS - share) // SHARES)
    kills = runs = found = repeated = 0
    while kills < wanted:
        story, here = slow_town.new(), 0
        while here < 25 and kills < wanted:
            process = story.start()
            if process.ended(random.uniform(0.1, 1.0) * slow_town.seconds) is None:
                process.send(signal.SIGKILL)
            if process.end().code == 0:
                break
            assert process.end().code == -signal.SIGKILL, process.end().err
            kills, here = kills + 1, here + 1
        story.finish(again=slow_town.workers * here, carto=PER_START * (here + 1))
        runs, repeated = runs + 1, repeated + story.repeated
        found += sum(rows(story.folder, f"select count(*) from {name}")[0][0] for name in ("lookup", "fetch", "ticket"))
    assert kills
    note("random kills", {"kills": kills, "runs": runs, "rows": found, "asked again": repeated, "lost": 0, "twice": 0})
