"""Progress for the eye: a line a minute and at a step's ends, with the real pace and how the servers are asked."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
from rich.console import Console
from rich.progress import Progress as Bar

from li_perf.engine.vitals import Vitals
from li_perf.faces.progress import EVERY_SECONDS, Bars, Lines, _columns
from li_perf.faces.words import pace, server_in_words, span
from li_perf.steps import pulse
from li_perf.steps.job import Progress

CALM = Vitals(
    server="AIS", rate=9.85, held=0.0, in_flight=3, limit=5, is_paused=False, openings=0, retries=0, calls={"ok": 9}
)
HELD = msgspec.structs.replace(CALM, in_flight=0, held=595.0)
PAUSED = msgspec.structs.replace(CALM, in_flight=0, is_paused=True, openings=1)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[str]]:
    return lambda: capsys.readouterr().err.splitlines()


def of(
    done: int, total: int | None = 1_000, *, step: str = "enrich", vitals: Vitals = CALM, note: str = ""
) -> Progress:
    return Progress(step=step, done=done, total=total, note=note, vitals=lambda: [vitals])


def test_a_step_is_told_at_its_beginning_at_its_end_and_in_between_once_a_minute(
    clock: Clock, said: Callable[[], list[str]]
) -> None:
    lines = Lines(clock=clock)
    for done in range(1_001):
        lines(of(done))
        clock.now += 0.3
    told = said()
    assert [line.partition(",")[0] for line in told] == [
        "enrich: 0 of 1", "enrich: 184 of 1", "enrich: 368 of 1", "enrich: 552 of 1", "enrich: 736 of 1",
        "enrich: 920 of 1", "enrich: 1",
    ]  # fmt: skip
    assert told[1] == "enrich: 184 of 1,000, 3.3/s, 4 min left (AIS: at most 9.8/s, 3 in flight, limit 5)"
    assert told[-1].startswith("enrich: 1,000 of 1,000 in 5 min, 3.3/s")


def test_what_is_told_again_appears_within_a_minute_and_says_what_the_run_waits_for(
    clock: Clock, said: Callable[[], list[str]]
) -> None:
    lines, told_at = Lines(clock=clock), [clock.now]
    lines(of(100))
    said()
    for beat in range(60):
        clock.now += pulse.EVERY_SECONDS
        lines(of(100, vitals=HELD if beat < 30 else PAUSED))
        if told := said():
            told_at.append(clock.now)
            state = "AIS: not asked for 10 min" if beat < 30 else "AIS: does not answer, paused, 1 outage"
            assert told == [f"enrich: 100 of 1,000 ({state})"]
    gaps = [later - earlier for earlier, later in itertools.pairwise(told_at)]
    assert len(gaps) == 5
    assert max(gaps) <= 60
    assert min(gaps) >= EVERY_SECONDS


def test_a_step_that_is_over_is_told_once_and_then_only_while_a_server_keeps_the_run(
    clock: Clock, said: Callable[[], list[str]]
) -> None:
    lines = Lines(clock=clock)
    lines(of(0))
    clock.now += 20
    lines(of(1_000))
    clock.now += 5
    lines(of(1_000, vitals=HELD))
    assert len(said()) == 2
    clock.now += 60
    lines(of(1_000, vitals=HELD))
    assert said() == ["enrich: 1,000 of 1,000 in 85 s, 11.8/s (AIS: not asked for 10 min)"]


def test_the_time_left_follows_the_pace_of_the_last_minutes(clock: Clock, said: Callable[[], list[str]]) -> None:
    """Ten questions a second for ten minutes, and then one a second."""
    lines, done = Lines(clock=clock), 0
    for second in range(1_200):
        done += 10 if second < 600 else 1
        clock.now += 1
        lines(of(done, 60_000))
    last = said()[-1]
    assert ", 1.0/s, " in last
    assert "14 h 5" in last


def test_a_run_that_goes_on_counts_its_pace_from_where_it_began(clock: Clock, said: Callable[[], list[str]]) -> None:
    lines = Lines(clock=clock)
    lines(of(20_000, 28_388))
    clock.now += 60
    lines(of(20_600, 28_388))
    first, second = said()
    assert first == "enrich: 20,000 of 28,388 (AIS: at most 9.8/s, 3 in flight, limit 5)"
    assert second.startswith("enrich: 20,600 of 28,388, 10.0/s, 13 min left")


def test_a_download_that_begins_again_has_no_pace_below_nothing(clock: Clock, said: Callable[[], list[str]]) -> None:
    lines = Lines(clock=clock)
    lines(of(1_000))
    clock.now += 60
    lines(of(10))
    clock.now += 60
    lines(of(1_000))
    told = said()
    assert len(told) == 3
    assert "/s" not in told[1].partition("(")[0]


def test_a_step_without_a_total_or_with_a_note_says_what_it_has(clock: Clock, said: Callable[[], list[str]]) -> None:
    lines = Lines(clock=clock)
    lines(of(0, None, step="greet", vitals=HELD))
    lines(of(0, None, step="prefill", note="AIS is asked: no table"))
    lines(of(2_000, 2_000, step="clean", note="3 rejected"))
    lines(of(0, 0, step="match"))
    assert said() == [
        "greet (AIS: not asked for 10 min)",
        "prefill (AIS is asked: no table)",
        "clean: 2,000 of 2,000 (3 rejected)",
        "match: 0 of 0 (AIS: at most 9.8/s, 3 in flight, limit 5)",
    ]


def test_as_json_each_line_has_its_time_and_the_servers_figures(clock: Clock, said: Callable[[], list[str]]) -> None:
    lines = Lines(as_json=True, clock=clock)
    lines(of(0))
    clock.now += 60
    lines(of(60, vitals=HELD))
    first, second = map(json.loads, said())
    assert (first["step"], first["done"], first["total"]) == ("enrich", 0, 1_000)
    assert abs((datetime.now(UTC) - datetime.fromisoformat(second.pop("at"))).total_seconds()) < 60
    (server,) = second.pop("servers")
    assert second == {
        "step": "enrich", "done": 60, "total": 1_000, "seconds": 60.0, "rate": 1.0, "seconds_left": 940.0,
    }  # fmt: skip
    assert server == msgspec.to_builtins(HELD)


def test_a_bar_of_a_run_that_goes_on_begins_where_that_stands_and_tells_each_server_on_a_line() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    both = [CALM, msgspec.structs.replace(PAUSED, server="Carto")]
    with Bar(*_columns(), console=console, auto_refresh=False) as bar:
        bars = Bars(bar)
        bars(of(20_000, 28_388))
        (task,) = bar.tasks
        assert task.completed == 20_000
        assert task.speed is None
        bars(Progress(step="match", done=5, total=5, vitals=lambda: both))
        bars(Progress(step="audit", done=0, total=5, vitals=lambda: both))
    shown = screen.getvalue()
    assert "20000/28388" in shown
    for said in ("AIS: at most 9.8/s, 3 in flight, limit 5", "Carto: does not answer, paused, 1 outage"):
        assert said in shown


def test_a_bar_for_what_came_before_the_first_step_goes_with_it() -> None:
    with Bar(*_columns(), console=Console(file=io.StringIO(), force_terminal=True), auto_refresh=False) as bar:
        bars = Bars(bar)
        bars(of(0, None, step="greet", vitals=HELD))
        assert [task.visible for task in bar.tasks] == [True]
        bars(of(0, None, step="prefill", note="AIS is asked: no table"))
        bars(of(0, 10, step="enrich"))
        shown = [(task.description, task.visible) for task in bar.tasks]
        assert shown == [("greet", False), ("prefill", True), ("enrich", True)]
        assert bar.tasks[0].finished


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rate": None}, "AIS: 3 in flight, limit 5"),
        ({"rate": 0.01}, "AIS: at most less than 0.1/s, 3 in flight, limit 5"),
        ({"retries": 1}, "AIS: at most 9.8/s, 3 in flight, limit 5, 1 retry"),
        ({"retries": 1_200, "openings": 2}, "AIS: at most 9.8/s, 3 in flight, limit 5, 1,200 retries, 2 outages"),
        ({"calls": {"ok": 9, "service": 1}}, "AIS: at most 9.8/s, 3 in flight, limit 5, 1 repeat"),
        ({"calls": {"service": 2_000}, "held": 9.0, "retries": 3}, "AIS: not asked for 9 s, 2,000 repeats, 3 retries"),
        ({"held": 0.4}, "AIS: at most 9.8/s, 3 in flight, limit 5"),
        ({"held": 12.0}, "AIS: not asked for 12 s"),
        ({"held": 3_600.0, "is_paused": True}, "AIS: does not answer, paused"),
    ],
)
def test_a_servers_state_in_words(changed: dict[str, object], said: str) -> None:
    assert server_in_words(msgspec.structs.replace(CALM, **changed)) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (89.4, "89 s"), (90, "2 min"), (2_838.8, "47 min"), (5_677, "95 min"), (6_000, "1 h 40 min")],
)
def test_a_time_in_words(seconds: float, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(("rate", "said"), [(1_596.4, "1,596/s"), (9.85, "9.8/s"), (0.02, "less than 0.1/s")])
def test_a_pace_in_words(rate: float, said: str) -> None:
    assert pace(rate) == said
