"""Bad input: each a clear sentence and the right exit code, and nothing lost."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from support.processes import simulated
from support.runs import rows, settings_for, work

from li_perf.cli import exit_code
from li_perf.errors import ServerError, StoreError, UserError
from li_perf.simulator.city import build
from li_perf.simulator.faults import Faults
from li_perf.simulator.server import serve


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, without settings of the machine's."""
    for name in [name for name in os.environ if name.startswith("LI_PERF_") and name != "LI_PERF_REAL_DATA"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu"], "Did you mean 'run'? `li-perf --help` lists"),
        (
            ["run", "gainsville"],
            "There is no city 'gainsville' here. Did you mean gainesville? There are: gainesville,",
        ),
        (["run", "--rate", "1"], "No such option: --rate"),
        (["run", "atlantis"], "There are: gainesville, nashville, new-york, philadelphia, vancouver"),
        (["run", "--since", "yesterday"], "is not a date; write it as 2025-01-31"),
        (["run", "--since", "2025-02-30"], "is not a date"),
        (["run", "--since", "9999-01-01"], "is not a date"),
        (["run", "--until", "9999-12-31"], "is not a date"),
        (["run", "--since", "2025-06-01", "--until", "2025-01-01"], "before it begins"),
        (["run", "--since", "2999-01-01"], "lies in the future"),
        (["run", "--ais-rate", "fast"], "valid number"),
        (["run", "--ais-rate", "0"], "machine only"),
        (["run", "--ais-rate", "100"], "the server's own limit"),
        (["status"], "Begin with `li-perf run`"),
        (["report"], "Begin with `li-perf run`"),
        (["simulate", "--faults", "latencie=1"], "latency"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(arguments) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LI_PERF_AIS_RAET", "3", "Did you mean LI_PERF_AIS_RATE"),
        ("LI_PERF_AIS_RATE", "abc", "LI_PERF_AIS_RATE is 'abc'"),
        ("LI_PERF_AIS_RATE", "nan", "LI_PERF_AIS_RATE"),
        ("LI_PERF_TIMEOUT", "-1", "LI_PERF_TIMEOUT"),
        ("LI_PERF_AIS_CONCURRENCY", "0", "LI_PERF_AIS_CONCURRENCY"),
        ("LI_PERF_AIS_URL", "api.phila.gov", "is not an http(s) address"),
        ("LI_PERF_AIS_URL", "https://me:secret@api.phila.gov", "must not hold a user"),
        ("LI_PERF_STORE", "postgresql://there", "SQLite"),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_exit_code_2(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    assert exit_code(["run"]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_an_env_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".env").write_bytes(b"LI_PERF_AIS_RATE=\xff\n")
    assert exit_code(["run"]) == 2
    assert ".env cannot be read" in capsys.readouterr().err


def test_an_address_that_may_hold_a_password_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LI_PERF_AIS_URL", "me:sentinel@api.phila.gov/ais")
    assert exit_code(["run"]) == 2
    assert "sentinel" not in capsys.readouterr().err


def test_settings_come_from_the_env_file_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".env").write_text("LI_PERF_AIS_RAET=3\n")
    assert exit_code(["run"]) == 2
    assert "Did you mean LI_PERF_AIS_RATE" in capsys.readouterr().err


def test_a_server_that_never_answered_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LI_PERF_AIS_URL", "http://127.0.0.1:9/ais")
    monkeypatch.setenv("LI_PERF_CARTO_URL", "http://127.0.0.1:9/sql")
    assert exit_code(["run"]) == 1
    assert "no connection" in capsys.readouterr().err


def test_nothing_to_resume_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["resume"]) == 0
    assert "nothing to resume" in capsys.readouterr().out


@pytest.mark.parametrize("which", ["ais", "carto"])
def test_a_wrong_address_is_found_after_one_call(
    which: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with simulated(tickets=50) as city:
        monkeypatch.setenv("LI_PERF_AIS_URL", city.ais_url + ("/v9" if which == "ais" else ""))
        monkeypatch.setenv("LI_PERF_CARTO_URL", city.carto_url + ("/v9" if which == "carto" else ""))
        for rate in ("LI_PERF_AIS_RATE", "LI_PERF_CARTO_RATE"):
            monkeypatch.setenv(rate, "0")
        assert exit_code(["run"]) == 1
        assert "Is the address http://127.0.0.1" in capsys.readouterr().err
        assert city.stats()["ais_requests"] <= 1
        monkeypatch.setenv("LI_PERF_AIS_URL", city.ais_url)
        monkeypatch.setenv("LI_PERF_CARTO_URL", city.carto_url)
        assert exit_code(["run"]) == 0, "a wrong address, once set right, is no other setting of the run"


async def test_a_bad_key_stops_the_run_after_one_call(tmp_path: Path) -> None:
    city = build(tickets=50)
    async with serve(city, key="right") as simulation:
        with pytest.raises(ServerError, match="refused the key"):
            await work(settings_for(simulation, tmp_path, ais_key="wrong"), city)
        assert len([wire for wire in simulation.log if wire.server == "ais"]) == 1


async def test_resuming_with_other_settings_is_refused_with_the_difference(tmp_path: Path) -> None:
    from li_perf.engine.halt import Halt, Stopped
    from li_perf.session import Which

    city = build(tickets=50)
    async with serve(city) as simulation:
        settings, halt = settings_for(simulation, tmp_path), Halt()

        async def interrupted(job):  # type: ignore[no-untyped-def]
            from li_perf.steps.download import download

            await download(job)
            raise Stopped

        with pytest.raises(Stopped):
            await work(settings, city, interrupted, halt=halt)
        other = settings_for(simulation, tmp_path, ais_url="http://127.0.0.1:1/ais")
        with pytest.raises(Exception, match=r"(?s)began with .*/ais/v2, now http://127\.0\.0\.1:1/ais"):
            await work(other, city, which=Which.UNFINISHED)


async def test_an_empty_download_is_refused(tmp_path: Path) -> None:
    from dataclasses import replace
    from datetime import date

    city = build(tickets=50)
    async with serve(city) as simulation:
        elsewhen = replace(city, since=date(2019, 1, 1), until=date(2020, 1, 1))
        with pytest.raises(ServerError, match="Nothing was changed"):
            await work(settings_for(simulation, tmp_path), elsewhen)


async def test_a_download_of_less_than_half_of_last_time_is_refused(tmp_path: Path) -> None:
    big, small = build(tickets=200), build(tickets=60)
    async with serve(big) as simulation:
        settings = settings_for(simulation, tmp_path)
        await work(settings, big)
    async with serve(small) as simulation:
        with pytest.raises(ServerError, match="less than half of last time's 200"):
            await work(settings_for(simulation, tmp_path), small)
    assert rows(settings, "select count(*) from ticket") == [(200,)]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(b"This is not a database. " * 300), "not a SQLite file"),
        (lambda path: _foreign(path), "database of another program"),
        (lambda path: _newer(path), "newer li_perf"),
        (lambda path: path.mkdir(parents=True), "is not a file"),
    ],
)
async def test_a_store_that_is_not_ours_is_refused_and_left_alone(spoil, said: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    city = build(tickets=20)
    path = tmp_path / "data" / "philadelphia.db"
    path.parent.mkdir()
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    async with serve(city) as simulation:
        with pytest.raises(StoreError, match=said):
            await work(settings_for(simulation, tmp_path), city)
    assert before is None or path.read_bytes() == before


async def test_a_damaged_store_is_refused(tmp_path: Path) -> None:
    city = build(tickets=200)
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)
        await work(settings, city)
        path = settings.data / "philadelphia.db"
        store = bytearray(path.read_bytes())
        for page in range(4, len(store) // 4096, 2):
            store[page * 4096 : page * 4096 + 200] = bytes(200)
        path.write_bytes(store)
        with pytest.raises(StoreError, match="is damaged"):
            await work(settings, city)


def test_an_output_folder_that_cannot_be_written_is_told_before_hours_are_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("LI_PERF_OUTPUT", str(tmp_path / "taken"))
    monkeypatch.setenv("LI_PERF_AIS_URL", "http://127.0.0.1:9/ais")
    assert exit_code(["run"]) == 2
    assert "cannot be written to" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("LI_PERF_DATA", str(tmp_path / "taken"))
    assert exit_code(["run"]) == 2
    assert "LI_PERF_DATA" in capsys.readouterr().err


async def test_a_lost_column_that_is_needed_stops_the_run_with_its_name(tmp_path: Path) -> None:
    city = build(tickets=20)
    async with serve(city, faults=Faults(drop_columns=frozenset({"address"}))) as simulation:
        with pytest.raises(ServerError, match="no column address"):
            await work(settings_for(simulation, tmp_path), city)


async def test_rows_of_odd_shape_and_hostile_text_are_counted_and_harm_no_output(tmp_path: Path) -> None:
    city = build(tickets=150, seed=9, rough=True, unanswerable=False)
    async with serve(city) as simulation:
        findings = await work(settings_for(simulation, tmp_path), city)
    source = next(source for source in findings.sources if source.table == "public_cases_fc")
    assert source.received == source.kept + source.rejected + source.duplicates


async def test_a_full_disk_stops_the_run_with_a_sentence_and_keeps_what_was_committed(tmp_path: Path) -> None:
    city = build(tickets=300, unanswerable=False)
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)

        async def in_a_small_space(job):  # type: ignore[no-untyped-def]
            from li_perf.steps.run import run

            def shrink(connection):  # type: ignore[no-untyped-def]
                connection.exec_driver_sql("PRAGMA max_page_count = 150")

            await job.ledger.transact(shrink)
            return await run(job)

        with pytest.raises(StoreError, match="no space left"):
            await work(settings, city, in_a_small_space)
        assert rows(settings, "pragma integrity_check") == [("ok",)]
        await work(settings, city)
    assert rows(settings, "select count(*) from ticket") == [(300,)]


def _foreign(path: Path) -> None:
    store = sqlite3.connect(path)
    store.execute("create table theirs (x)")
    store.commit()
    store.close()


def _newer(path: Path) -> None:
    from li_perf.store.tables import APPLICATION_ID

    store = sqlite3.connect(path)
    store.execute("create table ours (x)")
    store.execute(f"pragma application_id = {APPLICATION_ID}")
    store.execute("pragma user_version = 99")
    store.commit()
    store.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serve", "--host", "127.0.0..1"], "127.0.0..1:8311 cannot be listened at"),
        (["serve", "--host", "a" * 64 + ".org"], "cannot be listened at"),
        (["status", "--data", "x\udcff"], "LI_PERF_DATA, 'x\\udcff', is not UTF-8"),
        (["demo", "--output", "x\udcff"], "LI_PERF_OUTPUT, 'x\\udcff', is not UTF-8"),
    ],
)
def test_hosts_and_folders_that_are_none_are_a_sentence(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code(words) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", ["ais_url", "carto_url"])
async def test_a_made_up_citys_answers_are_never_taken_for_the_citys_own(name: str, tmp_path: Path) -> None:
    city = build(tickets=20)
    async with serve(city) as simulation:
        await work(settings_for(simulation, tmp_path), city)
        there = settings_for(
            simulation, tmp_path, **{name: "https://city.example/x", "ais_rate": 1.0, "carto_rate": 1.0}
        )
        with pytest.raises(
            UserError, match=r"(?s)came from http://127.0.0.1.* is https://city.example/x.*another folder"
        ):
            await work(there, city)
    assert rows(there, "select count(*) from run") == [(1,)]


@pytest.mark.parametrize(
    "name", ["LI_PERF_PORTAL_RATE", "LI_PERF_AIS_RATE", "LI_PERF_CARTO_RATE", "LI_PERF_AIS_URL", "LI_PERF_PORTAL_URL"]
)
@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["verify"],
        ["quality"],
        ["explain", "1"],
        ["metrics"],
        ["report"],
        ["clean"],
        ["measure"],
        ["health"],
    ],
    ids=" ".join,
)
def test_who_asks_nobody_minds_no_address_rate_or_key(
    words: list[str], name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, "0" if name.endswith("RATE") else "not one")
    exit_code(words)
    assert name not in capsys.readouterr().err
    assert exit_code(["resume"]) == 0, "there is nothing to resume"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "gainesville"], "LI_PERF_PORTAL_RATE is 0: towards data.cityofgainesville.org it must"),
        (["download", "new-york"], "LI_PERF_PORTAL_RATE is 0: towards data.cityofnewyork.us it must"),
        (["watch", "vancouver"], "LI_PERF_PORTAL_RATE is 0: towards opendata.vancouver.ca it must"),
        (["run"], "LI_PERF_AIS_RATE is 0: towards api.phila.gov it must"),
        (["plan"], "LI_PERF_AIS_RATE is 0: towards api.phila.gov it must"),
    ],
    ids=" ".join,
)
def test_who_asks_is_refused_a_pace_without_limit_towards_the_server_that_it_asks(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], scratch: Path
) -> None:
    for name in ("LI_PERF_PORTAL_RATE", "LI_PERF_AIS_RATE"):
        monkeypatch.setenv(name, "0")
    assert exit_code(words) == 2
    assert said in capsys.readouterr().err
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("name", ["NEW_YORK", "new york", "New-York", " new  york "])
def test_a_city_is_known_as_people_write_it(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["status", name]) == 2
    assert "data/new-york.db" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Begin with `li-perf run` or `li-perf demo`."),
        (["gainesville"], "Begin with `li-perf run gainesville`."),
        (["--data", "own"], "Begin with `li-perf run --data own`."),
    ],
)
@pytest.mark.parametrize("verb", ["status", "report", "measure", "metrics", "verify"])
def test_a_demo_is_offered_only_to_who_named_no_place(
    verb: str, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code([verb, *words]) == 2
    assert said in capsys.readouterr().err


def test_a_store_in_the_place_of_its_folder_is_said_to_be_a_file(
    scratch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (scratch / "philadelphia.db").write_text("")
    assert exit_code(["report", "--data", "philadelphia.db"]) == 2
    assert "LI_PERF_DATA, philadelphia.db, is a file: name the folder that it is in" in capsys.readouterr().err


def test_a_first_plan_without_a_server_leaves_nothing_behind(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LI_PERF_CARTO_URL", "http://127.0.0.1:9/sql")
    assert exit_code(["plan"]) == 1
    assert "no connection" in capsys.readouterr().err
    assert list(scratch.iterdir()) == []


async def test_who_goes_on_with_a_finished_run_elsewhere_is_not_told_that_it_is_unfinished(tmp_path: Path) -> None:
    from li_perf.session import Which

    city = build(tickets=20)
    async with serve(city) as simulation:
        await work(settings_for(simulation, tmp_path), city)
        other = settings_for(simulation, tmp_path, ais_url="http://127.0.0.1:1/ais")
        with pytest.raises(Exception, match=r"^The run began with other settings:\n  LI_PERF_AIS_URL: began with"):
            await work(other, city, which=Which.LAST)
