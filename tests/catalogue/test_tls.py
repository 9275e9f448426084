"""TLS faults, with a throw-away authority: before any answer they end the run, with the reason; later, an outage."""

from __future__ import annotations

import asyncio
import http.server
import os
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from catalogue.address_service import about, addresses, asking_ais, body_of, failures, outcomes_of
from engine.local import serving
from engine.virtual import in_virtual_time

from li_perf.cli import exit_code
from li_perf.engine.retry import Retry
from li_perf.engine.server import BreakerPolicy
from li_perf.errors import Outage

OFFERS = re.compile(r"insecure|verif|disabl|skip|ignor|trust it|--no|switch", re.IGNORECASE)
Spoil = Callable[[ssl.SSLContext], None]
QUICK = BreakerPolicy(probe=0.1)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process trusts the authority, as a machine does on which a company has installed its own."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", context)


def context_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def good(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("127.0.0.1")


def stranger(_: trustme.CA) -> trustme.LeafCert:
    return trustme.CA().issue_cert("127.0.0.1")


def wrong_name(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("elsewhere.test")


def expired(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1))


FLAWS = [(stranger, "unable to get local issuer"), (wrong_name, "not valid for '127.0.0.1'"), (expired, "has expired")]
each_flaw = pytest.mark.parametrize(("issue", "says"), FLAWS, ids=["unknown authority", "wrong name", "expired"])


async def behave(address: str) -> web.StreamResponse:
    return web.Response(body=body_of(address), headers={"Connection": "close"})


async def test_a_certificate_of_a_trusted_authority_is_accepted(authority: trustme.CA, trusting: None) -> None:
    async with serving(behave, tls=context_of(good(authority))) as server, asking_ais(server.url) as asker:
        await asker.greet(is_known=False)
        assert (await asker.ask(about("1 GOOD ST"))).reply.status == 200


@each_flaw
@in_virtual_time
async def test_before_any_answer_a_flawed_certificate_ends_the_run_with_host_and_reason(
    issue: Callable[[trustme.CA], trustme.LeafCert], says: str, authority: trustme.CA, trusting: None
) -> None:
    async with serving(behave, tls=context_of(issue(authority))) as server, asking_ais(server.url) as asker:
        with pytest.raises(Outage) as caught:
            await asker.greet(is_known=False)
    said = str(caught.value)
    assert server.url in said
    assert says in said
    assert not OFFERS.search(said)
    assert server.asked == []
    assert asker.client.sent == {"ClientConnectorCertificateError": 3}


@each_flaw
async def test_after_an_answer_a_flawed_certificate_is_an_outage_that_charges_nobody(
    issue: Callable[[trustme.CA], trustme.LeafCert], says: str, authority: trustme.CA, trusting: None
) -> None:
    """Each question has one try. The server's certificate changes under way, and is mended."""
    context = context_of(good(authority))
    async with (
        serving(behave, tls=context) as server,
        asking_ais(server.url, retry=Retry(tries=1), breaker=QUICK) as asker,
    ):
        await asker.ask(about("1 GOOD ST"))
        issue(authority).configure_cert(context)
        opened = asyncio.Event()
        asker.breaker._opened = opened.set
        asking = asyncio.create_task(outcomes_of(asker, addresses(30)))
        await opened.wait()
        assert len(server.asked) == 1
        good(authority).configure_cert(context)
        assert not failures(await asking)
        assert asker.breaker.openings == 1
        assert len(server.asked) == asker.client.sent["200"]


@in_virtual_time
async def test_https_to_a_plain_port_ends_the_run(authority: trustme.CA) -> None:
    async with serving(behave) as server, asking_ais(server.url.replace("http:", "https:")) as asker:
        with pytest.raises(Outage, match=r"https://127\.0\.0\.1:\d+: it does not speak TLS \(https\) there"):
            await asker.greet(is_known=False)
    assert server.asked == []


@in_virtual_time
async def test_http_to_a_tls_port_ends_the_run(authority: trustme.CA) -> None:
    async with (
        serving(behave, tls=context_of(good(authority))) as server,
        asking_ais(server.url.replace("https:", "http:")) as asker,
    ):
        with pytest.raises(Outage, match=r"http://127\.0\.0\.1:\d+: (it hung up without an answer|what it sends)"):
            await asker.greet(is_known=False)
    assert server.asked == []


@contextmanager
def in_a_thread(context: ssl.SSLContext) -> Iterator[str]:
    """A TLS server that the product, with a loop of its own, can be run against; its address."""

    class Silent(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404)
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(http.server.ThreadingHTTPServer):
        def get_request(self):  # type: ignore[no-untyped-def]
            plain, peer = super().get_request()
            plain.settimeout(5)
            return context.wrap_socket(plain, server_side=True), peer

        def handle_error(self, *_: object) -> None:
            pass

    with Quiet(("127.0.0.1", 0), Silent) as server:
        serving_ = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving_.start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving_.join()


def test_the_command_line_says_so_in_one_sentence_and_offers_no_way_around(
    authority: trustme.CA,
    trusting: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with in_a_thread(context_of(wrong_name(authority))) as url:
        monkeypatch.setenv("LI_PERF_AIS_URL", f"{url}/ais")
        monkeypatch.setenv("LI_PERF_CARTO_URL", f"{url}/sql")
        monkeypatch.setenv("LI_PERF_AIS_KEY", "SENTINEL-of-the-tests")
        assert exit_code(["run"]) == 1
    told = capsys.readouterr().err
    assert f"{url}: its certificate is not trusted (IP address mismatch, certificate is not valid" in told
    assert "Traceback" not in told
    assert not OFFERS.search(told)


def test_an_authority_named_in_the_environment_is_trusted(authority: trustme.CA, tmp_path: Path) -> None:
    """OpenSSL's own way, in a process of its own: the server is reached, and is not Carto."""
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with in_a_thread(context_of(good(authority))) as url:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LI_PERF_")}
        environment |= {"LI_PERF_AIS_URL": url, "LI_PERF_CARTO_URL": url, "SSL_CERT_FILE": str(bundle)}
        run = [sys.executable, "-m", "li_perf", "run"]
        done = subprocess.run(run, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "Carto does not know this address (404)" in done.stderr
