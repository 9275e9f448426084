"""SIGTERM and SIGINT: a clean stop within ten seconds that asks nothing again and loses nothing."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest
from chaos.forked import Ending
from chaos.passages import ANSWERS, Plan
from chaos.town import WORKERS, Story, Town
from support.chaos import bounded, note

STOPS = bounded(1, max(2, int(os.environ.get("CHAOS_KILLS", "300")) // 6))
AT_MOST = 10.0  # seconds: then Docker kills
PER_START = 4  # calls that a start costs Carto: a greeting, columns, counts
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_stopped_at_random_moments_asks_nothing_again(small_town: Town, number: signal.Signals) -> None:
    stops, slowest, repeated = 0, 0.0, 0
    while stops < STOPS:
        story, here = small_town.new(), 0
        while here < 25 and stops < STOPS:
            ending, seconds = _stopped(story, number, after=random.uniform(0.1, 1.0) * small_town.seconds)
            if ending.code in (0, -number):  # it had done its work, and was about to end
                break
            assert ending.code == CODES[number], ending.err
            assert "Nothing is lost: `li-perf resume` goes on" in ending.err
            assert "Traceback" not in ending.err
            assert seconds < AT_MOST
            stops, here, slowest = stops + 1, here + 1, max(slowest, seconds)
        story.finish(again=0, carto=PER_START * (here + 1))
        repeated += story.repeated
    assert stops
    note(
        "clean stops",
        {"signal": number.name, "stops": stops, "asked again": repeated, "slowest (s)": round(slowest, 2)},
    )


def _stopped(story: Story, number: signal.Signals, *, after: float) -> tuple[Ending, float]:
    process = story.start()
    process.at_work()
    process.ended(after)
    process.send(number)
    told = time.monotonic()
    return process.end(), time.monotonic() - told


@pytest.mark.parametrize("number", bounded([signal.SIGTERM], [signal.SIGTERM, signal.SIGINT]))  # type: ignore[call-overload]
def test_a_stop_in_the_middle_of_a_commit_keeps_every_answer(small_town: Town, number: signal.Signals) -> None:
    story = small_town.new()
    process = story.start(Plan(slow_commit=1.0))
    process.until(f"before {ANSWERS}", count=2)
    process.send(number)
    ending = process.end(AT_MOST + 5)
    assert ending.code == CODES[number]
    story.finish(again=0, carto=PER_START)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("gap", bounded([0.1], [0.0, 0.1, 0.3, 0.6, 0.9, 1.2]))  # type: ignore[call-overload]
def test_a_second_signal_in_the_middle_of_a_commit_loses_no_answer_that_came(small_town: Town, gap: float) -> None:
    """A graceful stop that cancels the writer would lose what a SIGKILL would have kept."""
    story = small_town.new()
    process = story.start(Plan(slow_commit=1.0))
    process.until(f"before {ANSWERS}", count=2)
    process.send(signal.SIGINT)
    process.ended(gap)
    process.send(signal.SIGINT)
    ending = process.end(AT_MOST + 5)
    assert ending.code == 130, ending.err
    unanswered = ending.passages.count("before call AIS") - ending.passages.count("after call AIS")
    story.finish(again=unanswered + story.town.held, carto=PER_START + WORKERS)


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("seed", range(bounded(1, 10)))
def test_two_signals_at_random_moments_end_the_run_at_once_and_lose_nothing(small_town: Town, seed: int) -> None:
    dice, story = random.Random(seed), small_town.new()
    process = story.start()
    process.until("after call AIS", count=dice.randint(2, 30))
    numbers = dice.choices([signal.SIGINT, signal.SIGTERM], k=2)
    process.send(numbers[0])
    process.ended(dice.uniform(0, 0.06))
    process.send(numbers[1])
    ending = process.end(AT_MOST + 5)
    shown = ending.code if ending.code >= 0 else 128 - ending.code  # at its very end Python dies of it: so says a shell
    assert shown in {CODES[number] for number in numbers}, ending.err  # of two at once either may come first
    unanswered = ending.passages.count("before call AIS") - ending.passages.count("after call AIS")
    story.finish(again=unanswered + story.town.held, carto=PER_START + WORKERS)
