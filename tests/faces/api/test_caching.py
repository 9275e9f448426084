"""What a client has already is not sent again, and what it has is never taken for what is there."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from faces.api.conftest import Get, age, figure, serving

from li_perf.store import measures
from li_perf.store.opening import open_ledger

METRICS = "/v1/cities/philadelphia/metrics?name=volume"


async def test_what_the_client_has_is_not_sent_again(api: Get) -> None:
    first = await api(METRICS)
    assert first.headers["Cache-Control"] == "no-cache"
    assert first.headers["Last-Modified"] == "Mon, 05 Jan 2026 07:30:00 GMT"
    for given in (
        {"if_none_match": first.headers["ETag"]},
        {"if_none_match": f'"other", W/{first.headers["ETag"]}'},
        {"if_none_match": "*"},
        {"if_modified_since": first.headers["Last-Modified"]},
    ):
        again = await api(METRICS, **given)
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])


async def test_whatever_else_it_has_is_answered_in_full(api: Get) -> None:
    first = await api(METRICS)
    for given in (
        {"if_none_match": '"other"'},
        {"if_none_match": '"other"', "if_modified_since": first.headers["Last-Modified"]},
        {"if_modified_since": "Mon, 05 Jan 2026 07:29:59 GMT"},
        {"if_modified_since": "yesterday"},
        {"if_none_match": first.headers["ETag"], "accept": "text/csv"},
    ):
        assert (await api(METRICS, **given)).status == 200


async def test_new_measures_have_another_tag(data: Path) -> None:
    async with serving(data) as api:
        tag = (await api(METRICS)).headers["ETag"]
        async with open_ledger(data / "philadelphia.db") as ledger:
            new = [figure("volume", "all", None, None, None)]
            await measures.replace(ledger, as_of="2026-02-01T00:00:00Z", requests=1, figures=new, days=[])
        age(data / "philadelphia.db")
        again = await api(METRICS, if_none_match=tag)
    assert (again.status, again.headers["ETag"] != tag, again.json["total"]) == (200, True, 1)


async def test_measures_of_this_second_are_not_kept_as_they_may_be_made_again_in_it(data: Path) -> None:
    async with open_ledger(data / "philadelphia.db") as ledger:
        await measures.replace(ledger, as_of="2026-02-01T00:00:00Z", requests=1, figures=[], days=[])
    async with serving(data) as api:
        now = format_datetime(datetime.now(UTC), usegmt=True)
        reply = await api(METRICS, if_modified_since=now)
    assert (reply.status, "ETag" in reply.headers, "Last-Modified" in reply.headers) == (200, False, False)


async def test_the_list_of_cities_is_kept_by_its_tag_alone(api: Get) -> None:
    first = await api("/v1/cities")
    assert "Last-Modified" not in first.headers
    assert (await api("/v1/cities", if_none_match=first.headers["ETag"])).status == 304
