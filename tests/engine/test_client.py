"""What the client makes of canned replies: statuses, headers, bodies, and aiohttp's errors."""

from __future__ import annotations

import aiohttp
import pytest
from aioresponses import aioresponses
from engine.local import sending
from yarl import URL

from li_perf.errors import TooHeavy, Unreachable
from li_perf.wire import Request

URL_ = "http://city.test"


@pytest.mark.parametrize("status", [200, 204, 301, 400, 401, 403, 404, 418, 429, 451, 500, 503, 599])
async def test_every_status_comes_back_as_it_is(canned: aioresponses, status: int) -> None:
    canned.get(f"{URL_}/a", status=status, body=b"text", headers={"Retry-After": "3"})
    async with sending(URL_) as client:
        reply = await client.send(Request(path="/a"))
    assert (reply.status, reply.body, reply.headers["retry-after"]) == (status, b"text", "3")


async def test_a_form_makes_it_a_post(canned: aioresponses) -> None:
    canned.post(f"{URL_}/sql", body=b"{}")
    async with sending(URL_) as client:
        await client.send(Request(path="/sql", form={"q": "SELECT 1"}))
    ((call,),) = canned.requests.values()
    assert call.kwargs["data"] == {"q": "SELECT 1"}


async def test_a_path_is_sent_as_it_was_encoded(canned: aioresponses) -> None:
    path = "/search/%232%2F..%2F%3Fkey%3Dx%25"
    canned.get(URL(URL_ + path, encoded=True), body=b"here")
    async with sending(URL_) as client:
        assert (await client.send(Request(path=path))).body == b"here"


async def test_the_secret_goes_along_as_a_header_and_redirects_are_refused(canned: aioresponses) -> None:
    canned.get(f"{URL_}/a", body=b"x")
    async with sending(URL_, secret=("Authorization", "Gatekeeper-Key sentinel")) as client:
        await client.send(Request(path="/a"))
    ((call,),) = canned.requests.values()
    assert call.kwargs["headers"]["Authorization"] == "Gatekeeper-Key sentinel"
    assert call.kwargs["allow_redirects"] is False


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (aiohttp.ServerDisconnectedError(), "hung up"),
        (aiohttp.ClientPayloadError(), "broke off"),
        (TimeoutError(), "no answer within 30 s"),
        (ConnectionResetError(), "ConnectionResetError"),
        (aiohttp.InvalidURL("http://city.test/?key=sentinel"), "InvalidURL"),
        (aiohttp.TooManyRedirects(None, ()), "TooManyRedirects"),  # type: ignore[arg-type]
    ],
)
async def test_the_transports_errors_are_one_kind_without_their_text(
    canned: aioresponses, error: Exception, says: str
) -> None:
    canned.get(f"{URL_}/a", exception=error)
    async with sending(URL_) as client:
        with pytest.raises(Unreachable, match=says) as caught:
            await client.send(Request(path="/a"))
    assert "sentinel" not in f"{caught.value!r}{caught.value}"
    assert caught.value.__cause__ is caught.value.__context__ is None


async def test_a_body_over_the_cap_is_too_heavy_and_an_error_page_is_cut(canned: aioresponses) -> None:
    canned.get(f"{URL_}/a", body=b"x" * 101)
    canned.get(f"{URL_}/a", body=b"x" * 100)
    canned.get(f"{URL_}/a", status=503, body=b"x" * 101)
    async with sending(URL_, body_cap=100) as client:
        with pytest.raises(TooHeavy, match="more than 100 bytes"):
            await client.send(Request(path="/a"))
        assert len((await client.send(Request(path="/a"))).body) == 100
        assert (await client.send(Request(path="/a"))).status == 503


async def test_a_wait_asked_for_with_an_answer_is_capped(canned: aioresponses) -> None:
    canned.get(f"{URL_}/a", body=b"x", headers={"Retry-After": "9999999999"})
    async with sending(URL_) as client:
        await client.send(Request(path="/a"))
        assert 1_700 < client.pace.held <= 1_800
