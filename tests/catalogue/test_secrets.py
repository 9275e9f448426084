"""The key: it goes to its host in a header, and appears nowhere else, whatever fails."""

from __future__ import annotations

import json
import logging
import os
import signal
import time
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from catalogue.address_service import about, addresses, answering, asking_ais, body_of, failures, framed, outcomes_of
from catalogue.transport_faults import FAULTS
from engine.breaking import hang_up, saying
from engine.local import Local, Speak, speaking
from engine.virtual import in_virtual_time
from sources.replies import HOSTILE
from support.processes import simulated, start
from support.runs import Brisk

from li_perf.cli import exit_code
from li_perf.engine.ask import Asker
from li_perf.engine.retry import Retry
from li_perf.engine.server import BreakerPolicy
from li_perf.errors import LiPerfError, UserError
from li_perf.settings import load
from li_perf.sources import ais
from li_perf.steps.servers import ais_server

KEY = "SENTINEL-5f4dcc3b+5aa/765d=61"
MARK = "SENTINEL"
SECRET = ("Authorization", f"Gatekeeper-Key {KEY}")
SHORT = BreakerPolicy(probe=1.0, outage_limit=20.0)


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """All that was logged, by anybody."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("asyncio").setLevel(logging.DEBUG)
    return lambda: caplog.text + "".join(f"{record.getMessage()}{record.args!r}" for record in caplog.records)


def told(error: BaseException) -> str:
    """All that an error can say: its text, its form, its arguments, its traceback with every cause."""
    return f"{error}{error!r}{error.args!r}" + "".join(traceback.format_exception(error))


async def everything_of(asker: Asker) -> str:
    """What a greeting, a question and bare calls say when they fail."""
    said = ""
    with suppress(LiPerfError):
        await asker.greet(is_known=True)
    try:
        await asker.greet(is_known=False)
    except LiPerfError as error:
        said += told(error)
    try:
        answer = await asker.ask(about("1 BAD ST"))
        said += f"{answer.value!r}{answer.reply.body!r}"
    except LiPerfError as error:
        said += told(error)
    try:
        said += repr((await asker.client.send(ais.request("1 BAD ST"))).body)
    except LiPerfError as error:
        said += told(error)
    return said + repr(asker.client.server) + repr(asker.client.sent)


STATUSES = [200, 204, 301, 302, 308, 400, 401, 403, 404, 405, 408, 418, 429, 500, 503]


def repeating(status: int, key: str) -> Speak:
    """A server that shows us our own request, as error pages and gateways do."""
    said = {"message": f"no such key: {key}", "error": [key], "details": {"query": "1 BAD ST", "seen": key}}
    said |= {"query": "1 BAD ST", "features": [{"properties": {"opa_account_num": key}}]}
    return saying(framed(json.dumps(said).encode(), f"Location: /?key={key}", status=f"{status} {key}"))


@asynccontextmanager
async def failing_at(breaks: Speak) -> AsyncIterator[Local]:
    async with answering(breaks, when=lambda _: True) as server:
        yield server
    assert all(KEY.encode() in head for head in server.heads)


def shows_nothing(breaks: Speak, heard: Callable[[], str]) -> None:
    @in_virtual_time
    async def run() -> None:
        async with (
            failing_at(breaks) as server,
            asking_ais(server.url, secret=SECRET, retry=Retry(tries=2), breaker=SHORT) as asker,
        ):
            said = await everything_of(asker)
        assert server.heads
        assert MARK not in said + heard()

    run()


@pytest.mark.parametrize("breaks", FAULTS.values(), ids=FAULTS.keys())
def test_no_transport_fault_shows_the_key(breaks: Speak, heard: Callable[[], str]) -> None:
    shows_nothing(breaks, heard)


@pytest.mark.parametrize("status", STATUSES)
def test_no_status_shows_the_key_though_the_server_repeats_it(status: int, heard: Callable[[], str]) -> None:
    for key in (KEY, quote(KEY, safe="")):
        shows_nothing(repeating(status, key), heard)


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_hostile_body_shows_the_key(body: bytes, heard: Callable[[], str]) -> None:
    for status in ("200 OK", "404 No"):
        shows_nothing(saying(framed(body + KEY.encode(), status=status)), heard)


async def test_no_server_out_of_reach_shows_the_key(heard: Callable[[], str]) -> None:
    urls = [
        "http://127.0.0.1:9",
        "http://no-such-host.invalid",
        "https://127.0.0.1:9",
        "http://[::1]:9",
        "http://127.1",
    ]
    for url in urls:
        quick = BreakerPolicy(probe=0.01, outage_limit=0.05)
        async with asking_ais(url, secret=SECRET, retry=Retry(tries=1), breaker=quick) as asker:
            for call in (lambda: asker.client.send(ais.request("1 BAD ST")), lambda: asker.ask(about("1 BAD ST"))):
                with pytest.raises(LiPerfError) as caught:
                    await call()
                assert MARK not in told(caught.value) + heard(), url


async def test_a_key_that_is_repeated_is_cut_out_of_the_body_and_the_rest_is_as_received() -> None:
    seen = saying(framed(b'{"seen": "%s", "n": 1}' % KEY.encode()))
    async with speaking(seen) as server, asking_ais(server.url, secret=SECRET) as asker:
        assert (await asker.client.send(ais.request("1 A ST"))).body == b'{"seen": "[key]", "n": 1}'


async def test_a_key_as_short_as_a_word_changes_no_answer() -> None:
    async with (
        answering(hang_up, when=lambda _: False) as server,
        asking_ais(server.url, secret=("Authorization", "Gatekeeper-Key GOOD")) as asker,
    ):
        assert not failures(await outcomes_of(asker, addresses(3)))
        assert (await asker.client.send(ais.request("1 GOOD ST"))).body == body_of("1 GOOD ST")


def test_the_description_of_a_server_does_not_show_its_key() -> None:
    policy = {"rate": 1.0, "concurrency": 1, "timeout": 1.0, "probe": 1.0, "outage_limit": 1.0}
    server = ais_server(url="https://api.phila.gov/ais/v2", key=KEY, **policy)  # type: ignore[arg-type]
    assert server.secret == SECRET
    assert MARK not in f"{server}{server!r}"


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("LI_PERF_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


HOSTS = ["http://api.phila.gov", "HTTP://api.phila.gov", "Http://API.phila.gov", " http://api.phila.gov"]
HOSTS += ["http://127.0.0.1.evil.test", "http://localhost.evil.test", "http://[2001:db8::1]", "http://0.0.0.0"]


@pytest.mark.parametrize("host", HOSTS)
def test_a_key_never_travels_unencrypted_to_another_machine(host: str, clean: None) -> None:
    with pytest.raises(UserError, match="would travel unencrypted") as caught:
        load(ais_url=f"{host}/ais/v2", ais_key=KEY)
    assert MARK not in told(caught.value)


@pytest.mark.parametrize(
    "host", ["https://api.phila.gov", "http://127.0.0.1:1", "http://LOCALHOST:1", "http://[::1]:1"]
)
def test_a_key_may_go_over_tls_or_stay_on_this_machine(host: str, clean: None) -> None:
    settings = load(ais_url=f"{host}/ais/v2", ais_key=KEY)
    assert MARK not in f"{settings}{settings!r}{settings.shown}{settings.kept}"
    assert settings.ais_key
    assert settings.ais_key.get_secret_value() == KEY


@pytest.mark.parametrize(
    "spoiled", [f"{KEY}\n", f"{KEY}\r", f" {KEY}", f"{KEY}\r\nX-Injected: 1", f"{KEY}é", f"{KEY} x"]
)
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(
    spoiled: str, clean: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LI_PERF_AIS_KEY", spoiled)
    assert exit_code(["run"]) == 2
    said = capsys.readouterr().err
    assert "LI_PERF_AIS_KEY" in said
    assert MARK not in said


@pytest.mark.parametrize(
    "url",
    [
        f"https://api.phila.gov/ais/v2?gatekeeperKey={KEY}",
        f"api.phila.gov/ais/v2?gatekeeperKey={KEY}",
        f"https://me:{KEY}@api.phila.gov/ais/v2",
        f"ftp://me:{KEY}@api.phila.gov/ais/v2",
        f"https://me:{KEY}@api.phila.gov:99999/",
        f"https://api.phila.gov/ais/v2#{KEY}",
    ],
)
def test_a_key_in_an_address_is_refused_and_not_shown(
    url: str, clean: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LI_PERF_AIS_URL", url)
    assert exit_code(["run"]) == 2
    said = capsys.readouterr().err
    assert "LI_PERF_AIS_URL" in said
    assert MARK not in said


FAULTY = "errors=0.03,resets=0.03,garbage=0.03,invalid=0.03,partial=0.1"


def _holding(folder: Path, words: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and words in path.read_bytes()]


def _wait_for(happened: Callable[[], bool]) -> None:
    for _ in range(1_200):
        if happened():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within a minute")


def test_a_whole_run_through_faults_and_a_kill_leaves_the_key_nowhere(
    tmp_path: Path,
    clean: None,
    heard: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What it says, the store with its log, the report, the manifest."""
    with simulated(tickets=60, faults=FAULTY) as city:
        environment = city.environment(tmp_path, LI_PERF_AIS_KEY=KEY, LI_PERF_BREAKER_PROBE="0.1")
        killed = start(["run"], environment, tmp_path)
        _wait_for(lambda: city.stats()["ais_requests"] > 5)
        killed.send_signal(signal.SIGKILL)
        said = "".join(killed.communicate(timeout=20))
        monkeypatch.setattr("li_perf.signals.Halt", Brisk)
        assert _holding(tmp_path, b"ais_url")
        assert not _holding(tmp_path, MARK.encode())
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        for verb in (["run"], ["status"], ["report"]):
            assert exit_code(verb) in (0, 3)
        said += "".join(capsys.readouterr()) + heard()
        assert city.stats()["ais_requests"] > 30
    assert _holding(tmp_path, b"manifest")
    assert (tmp_path / "output" / "report.json").exists()
    assert not _holding(tmp_path, MARK.encode())
    assert MARK not in said
