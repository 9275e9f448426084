"""The engine that `LI_PERF_ENGINE` names: what is accepted, what is shown, and what is said where it is not there."""

from __future__ import annotations

import os
import socket
from importlib.util import find_spec
from pathlib import Path

import pytest

from li_perf.cli import exit_code
from li_perf.errors import Denied, Unanswered, UserError
from li_perf.settings import Settings, load
from li_perf.store import spark_session
from li_perf.store.engines import DUCKDB, named

SECRET = "dapi0123456789abcdef"
WITH_TOKEN = f"sc://host.example:443/;use_ssl=true;token={SECRET};x-cluster=0123-4567"


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("LI_PERF_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "hosts", "shown"),
    [
        ("sc://localhost", (("localhost", 15002),), "sc://localhost:15002"),
        ("sc://localhost:1/", (("localhost", 1),), "sc://localhost:1"),
        ("sc://[::1]:15003", (("::1", 15003),), "sc://[::1]:15003"),
        (WITH_TOKEN, (("host.example", 443),), "sc://host.example:443"),
        ("spark://one:7077", (("one", 7077),), "spark://one:7077"),
        ("spark://one:1,two", (("one", 1), ("two", 7077)), "spark://one:1,two:7077"),
    ],
)
def test_an_engine_elsewhere_is_named_by_its_address(text: str, hosts: tuple[tuple[str, int], ...], shown: str) -> None:
    engine = named(text)
    assert (engine.hosts, engine.shown, engine.url) == (hosts, shown, text)
    assert not engine.is_embedded


def test_duckdb_is_the_default() -> None:
    assert named(load().engine) == DUCKDB
    assert load().shown["engine"] == "duckdb"


@pytest.mark.parametrize(
    "text",
    [
        *("", "spark", "DuckDB", "sc://", "sc:host", "local[2]", "http://host", "spark://one:7077/x", "spark://one,"),
        *(f"sc://me:{SECRET}@host", f"sc://host;token={SECRET}", f"sc://host/x;token={SECRET}", f"sc://h:{SECRET}"),
        *(f"sc://host:99999999/;token={SECRET}", f"sc://[{SECRET}/", f"sc://host?token={SECRET}", "sc://host#x"),
    ],
)
def test_anything_else_is_one_sentence_that_shows_no_secret(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LI_PERF_ENGINE", text)
    with pytest.raises(UserError, match=r"LI_PERF_ENGINE is none of duckdb, sc://") as raised:
        load()
    assert SECRET not in str(raised.value)


def test_a_token_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LI_PERF_ENGINE", WITH_TOKEN)
    settings: Settings = load()
    assert settings.engine == WITH_TOKEN
    assert SECRET not in repr(settings) + str(settings.shown) + str(settings.kept) + repr(named(WITH_TOKEN))


def test_an_engine_that_says_our_secret_does_not_make_us_say_it() -> None:
    refusal = spark_session._refusal(named(WITH_TOKEN), RuntimeError(f"no table in {SECRET}\nat Server.java"))
    assert isinstance(refusal, Unanswered)
    assert "no table in …. Nothing is lost" in str(refusal)
    assert isinstance(spark_session._refusal(named(WITH_TOKEN), RuntimeError("StatusCode.UNAUTHENTICATED")), Denied)


def test_of_a_failure_in_java_the_reason_is_said_and_not_the_call() -> None:
    said = "An error occurred while calling o29.sql.\n: org.apache.spark.SparkException: no executors\n\tat java.base"
    refusal = spark_session._refusal(named("spark://host"), RuntimeError(said))
    assert "would not do our analysis: org.apache.spark.SparkException: no executors. Nothing" in str(refusal)


@pytest.mark.skipif(find_spec("pyspark") is not None, reason="Spark's client is installed here")
def test_without_sparks_client_it_is_said_how_to_install_it() -> None:
    with pytest.raises(UserError, match=r"pip install 'li-perf\[spark\]'"), spark_session.connected(named("sc://host")):
        pass


def test_where_nobody_listens_a_sentence_says_so_at_once() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        engine = named(f"sc://127.0.0.1:{probe.getsockname()[1]}/;token={SECRET}")
        with pytest.raises(Unanswered, match=r"Nobody listens at sc://127\.0\.0\.1:\d+ ") as raised:
            spark_session._greet(engine)
    assert SECRET not in str(raised.value)


def test_an_address_that_is_none_ends_a_verb_with_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LI_PERF_ENGINE", f"sc://host/token={SECRET}")
    assert exit_code(["report"]) == 2
    said = capsys.readouterr().err
    assert "LI_PERF_ENGINE" in said
    assert SECRET not in said
