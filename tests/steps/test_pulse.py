"""The pulse of a run at work: what `status` shows of its servers, and a run that is held does not fall silent."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing, redirect_stderr
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from support.runs import rows, settings_for, whole, work
from support.stores import make_older

from li_perf.analysis.findings import Findings
from li_perf.cities import CITIES
from li_perf.cli import exit_code
from li_perf.faces.progress import EVERY_SECONDS, Lines
from li_perf.faces.status import status_text
from li_perf.settings import Settings
from li_perf.simulator.city import SimulatedCity, build
from li_perf.simulator.faults import Faults
from li_perf.simulator.server import serve
from li_perf.steps import pulse
from li_perf.steps.job import Job, Progress
from li_perf.steps.status import Status, status
from li_perf.store import pulses
from li_perf.store.opening import open_ledger
from li_perf.store.tables import pulse as PULSE

BEAT = 0.05


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return build(tickets=60, seed=5, unanswerable=False)


async def read_status(settings: Settings) -> Status:
    async with open_ledger(settings.data / "philadelphia.db", read_only=True) as ledger:
        return await status(ledger, CITIES["philadelphia"])


async def keep_pulse(job: Job) -> None:
    await job.ledger.save(pulses.keep(job.run.id, {each.server: each for each in job.vitals()}))


async def looked_at(settings: Settings, city: SimulatedCity, is_ripe: Callable[[Status], bool]) -> Status:
    """The first ripe status of a run, as another reader of its store sees it; the run is then gone on with."""
    begun = asyncio.Event()

    async def beating(job: Job) -> Findings:
        begun.set()
        async with pulse.felt(job, every=BEAT) as felt:
            return await whole(felt)

    async def looking() -> Status:
        while True:
            found = await read_status(settings)
            if is_ripe(found):
                return found
            await asyncio.sleep(4 * BEAT)

    running = asyncio.create_task(work(settings, city, beating))
    await begun.wait()
    try:
        async with asyncio.timeout(30):
            return await looking()
    finally:
        await running


async def test_a_pulse_that_could_not_be_kept_is_told_and_the_next_is_felt(
    city: SimulatedCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While a run is held nothing else is written: a store that is in use for a while ends no run."""
    keep, refused = pulses.keep, iter([(insert(PULSE), [{"server": None}])])
    monkeypatch.setattr(pulses, "keep", lambda *given: next(refused, None) or keep(*given))
    told: list[Progress] = []

    async def held(job: Job) -> Findings:
        async with pulse.felt(replace(job, tell=told.append), every=BEAT) as felt:
            async with asyncio.timeout(30):
                while len(told) < 3 or not await felt.ledger.rows(select(PULSE)):  # noqa: ASYNC110 - it has no event
                    await asyncio.sleep(BEAT)
            return await whole(felt)

    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)
        await work(settings, city, held)
        counted = sum(count for (count,) in rows(settings, "select requests from tally"))
        assert counted == len(simulation.log)
    assert "pulse was not kept" in caplog.text


async def test_status_shows_how_the_servers_of_a_run_at_work_are_asked(city: SimulatedCity, tmp_path: Path) -> None:
    async with serve(city, faults=Faults(error_share=0.15)) as simulation:
        settings = settings_for(simulation, tmp_path, ais_rate=40.0, ais_concurrency=3)

        def has_retried(found: Status) -> bool:
            return bool(found.servers) and found.servers["AIS"]["retries"] > 0 and bool(found.answers_a_second)

        found = await looked_at(settings, city, has_retried)
        behind = await read_status(settings)
    assert set(found.servers) == {"AIS", "Carto"}
    ais, carto = found.servers["AIS"], found.servers["Carto"]
    assert 0 < ais["rate"] <= 40
    assert carto["rate"] is None
    assert 1 <= ais["limit"] <= 3
    assert ais["is_paused"] is False
    assert ais["calls"]["ok"] > 0
    assert found.seconds_since_seen is not None
    assert found.seconds_since_seen < 30
    text = status_text(found)
    assert "AIS: at most 3" in text
    assert "in flight, limit" in text
    assert "retr" in text
    assert "AIS has answered" in text
    assert "Last seen at work" in text
    assert "resume" not in text
    assert (behind.is_finished, behind.servers, behind.seconds_since_seen) == (True, {}, None)
    assert behind.asked_again > 0
    assert f"; {behind.asked_again:,} took more than one call" in status_text(behind)
    assert "seen" not in status_text(behind)


async def test_status_says_that_a_server_does_not_answer_and_how_long_it_is_not_asked(
    city: SimulatedCity, tmp_path: Path
) -> None:
    async def stopped(job: Job) -> None:
        job.ais.breaker.open()
        job.portal.client.pace.hold(600)
        await keep_pulse(job)

    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)
        await work(settings, city, stopped)
    found = await read_status(settings)
    assert found.servers["AIS"]["is_paused"] is True
    assert found.servers["AIS"]["openings"] == 1
    assert 590 < found.servers["Carto"]["held"] <= 600
    lines = status_text(found).splitlines()
    assert "  AIS: does not answer, paused, 1 outage" in lines
    assert "  Carto: not asked for 10 min" in lines


async def test_a_run_that_is_held_tells_its_last_progress_again_and_what_it_waits_for(
    city: SimulatedCity, tmp_path: Path
) -> None:
    """Carto asks for two seconds at the first page; half a second of the test's counts as a minute."""
    told: list[tuple[float, Progress, list[Any]]] = []
    screen = io.StringIO()

    async def held(job: Job) -> Findings:
        now = asyncio.get_running_loop().time
        lines = Lines(clock=lambda: 120 * now())

        def tell(progress: Progress) -> None:
            told.append((now(), progress, list(progress.vitals())))
            with redirect_stderr(screen):
                lines(progress)

        job.portal.client.pace.hold(2.0)
        async with pulse.felt(replace(job, tell=tell), every=BEAT / 4) as felt:
            return await whole(felt)

    async with serve(city) as simulation:
        await work(settings_for(simulation, tmp_path), city, held)
    first = [progress for _, progress, _ in told if progress.step == "greet"]
    assert len(first) > 10
    said = [line for line in screen.getvalue().splitlines() if line.startswith("greet")]
    assert 3 <= len(said) <= 6
    assert all("Carto: not asked for" in line for line in said[:2])
    assert "enrich: " in screen.getvalue()


def test_the_pulse_is_quick_enough_for_a_line_a_minute() -> None:
    assert EVERY_SECONDS + pulse.EVERY_SECONDS <= 60


async def test_what_another_version_kept_of_the_servers_is_left_out(city: SimulatedCity, tmp_path: Path) -> None:
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)
        await work(settings, city, keep_pulse)
    assert set((await read_status(settings)).servers) == {"AIS", "Carto"}
    with closing(sqlite3.connect(settings.data / "philadelphia.db")) as store, store:
        store.execute("""update pulse set vitals = '{"server": "AIS", "speed": 3}' where server = 'AIS'""")
        store.execute("update pulse set at = 'yesterday' where server = 'Carto'")
        store.execute("insert into pulse values ('Else', 1, '2026-01-01T00:00:00Z', 'no JSON')")
    found = await read_status(settings)
    assert found.servers == {}
    assert status_text(found).endswith("If it is not at work, `li-perf resume` goes on.")


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        ("0 seconds", "Last seen at work 0 s ago."),
        ("+2 hours", "Last seen at work 0 s ago."),
        ("-3 hours", "Last seen at work 3 h 0 min ago: `li-perf resume` goes on."),
    ],
)
async def test_when_a_run_was_last_seen_at_work_is_said(
    ago: str, said: str, city: SimulatedCity, tmp_path: Path
) -> None:
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)
        await work(settings, city, keep_pulse)
    with closing(sqlite3.connect(settings.data / "philadelphia.db")) as store, store:
        store.execute("update pulse set at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', ?)", [ago])
    last = status_text(await read_status(settings)).splitlines()[-1]
    assert last.replace(" 1 s ", " 0 s ") == said


async def test_answers_are_counted_by_who_gave_them(city: SimulatedCity, tmp_path: Path) -> None:
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)
        await work(settings, city)
    with closing(sqlite3.connect(settings.data / "philadelphia.db")) as store, store:
        store.execute("update lookup set source = 'opa' where id % 3 = 0")
        store.execute("update lookup set source = 'local', attempts = 0 where id = 1")
        store.execute("update lookup set attempts = 2 where id in (4, 5)")
    counted = dict(rows(settings, "select source, count(*) from lookup group by 1"))
    found = await read_status(settings)
    assert found.answers == counted
    assert found.asked_again == 2
    expected = (
        f"  answers: {counted['ais']} from AIS, 1 too long to be asked, "
        f"{counted['opa']} from the City's table of properties; 2 took more than one call"
    )
    assert expected in status_text(found).splitlines()


async def test_hostile_text_in_a_store_is_shown_and_does_nothing(city: SimulatedCity, tmp_path: Path) -> None:
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)
        await work(settings, city)
    with closing(sqlite3.connect(settings.data / "philadelphia.db")) as store, store:
        store.execute("update lookup set source = ? where id = 1", ["a\x1b[2J\r\nb"])
        store.execute("update lookup set state = 'failed', reason = ? where id = 2", ["c\x9b31m\u202ed"])
        store.execute("update tally set outcome = ? where outcome = '200' and server = 'AIS'", ["e\x1b[2Jf"])
    text = status_text(await read_status(settings))
    assert "a␛[2J␍␊b" in text
    assert not set("\x1b\r\x9b\u202e") & set(text)


def test_a_store_of_an_older_version_says_what_brings_it_up_to_date(
    city: SimulatedCity, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def working() -> Settings:
        async with serve(city) as simulation:
            settings = settings_for(simulation, tmp_path)
            await work(settings, city)
        return settings

    settings = asyncio.run(working())
    data = ["--data", str(settings.data)]
    assert exit_code(["status", "--json", *data]) == 0
    assert json.loads(capsys.readouterr().out)["is_finished"] is True
    make_older(settings.data / "philadelphia.db", 3)
    for verb in (["status"], ["explain", "1234 MARKET ST"]):
        assert exit_code([*verb, *data]) == 2
        assert "was made by an older li_perf" in capsys.readouterr().err
