"""What whoever runs the service sees: health, readiness, figures, the page of documentation, other origins."""

from __future__ import annotations

import re
from pathlib import Path

from faces.api.conftest import AS_OF, serving
from prometheus_client.parser import text_string_to_metric_families

from li_perf.faces.api import pages
from li_perf.store.opening import open_ledger


async def test_it_is_ready_when_every_store_can_be_read_and_has_measures(data: Path) -> None:
    async with serving(data) as api:
        assert (await api("/health")).json == {"status": "lives"}
        assert (await api("/ready")).json == {"status": "ready", "cities": {"philadelphia": AS_OF}}
        async with open_ledger(data / "vancouver.db"):
            pass
        (data / "gainesville.db").write_bytes(b"x" * 5_000)
        reply = await api("/ready")
        assert (await api("/health")).status == 200
    assert reply.status == 503
    assert "vancouver: no measures yet, `li-perf measure vancouver` makes them" in reply.json["detail"]
    assert "gainesville: its store cannot be read" in reply.json["detail"]
    assert "philadelphia" not in reply.json["detail"]


async def test_it_is_not_ready_without_a_store_nor_without_a_city_that_was_named(data: Path, tmp_path: Path) -> None:
    async with serving(tmp_path / "nowhere") as api:
        assert (await api("/ready")).status == 503
    async with serving(data, cities=["philadelphia", "nashville"], all_must_be=True) as api:
        reply = await api("/ready")
    assert (reply.status, "nashville: no store yet" in reply.json["detail"]) == (503, True)


async def test_prometheus_reads_requests_by_route_and_status_and_the_age_of_the_data(data: Path) -> None:
    async with serving(data) as api:
        for path in ("cities/philadelphia/metrics", "cities/atlantis/metrics", "a", "b", "c" * 2_000):
            await api(f"/v1/{path}")
        text = (await api("/metrics")).body.decode()
    families = text_string_to_metric_families(text)
    samples = {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}
    route = "/v1/cities/{city}/metrics"
    answered = {key[1:]: value for key, value in samples.items() if key[0] == "li_perf_api_requests_total"}
    assert answered == {(route, "200"): 1, (route, "404"): 1, ("none", "404"): 2, ("none", "414"): 1}
    assert samples["li_perf_api_seconds_count", route] == 2
    assert samples["li_perf_api_as_of_age_seconds", "philadelphia"] > 1_000_000


async def test_the_documentation_asks_no_other_host_for_anything(data: Path) -> None:
    async with serving(data) as api:
        page = await api("/docs")
        assert page.headers["Content-Type"].startswith("text/html")
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'")
        assert "unsafe" not in policy
        for address in re.findall(r'(?:src|href)="([^"]+)"', page.body.decode()):
            assert address.startswith(("/", "data:,"))
            if address.startswith("/"):
                assert (await api(address)).status == 200
        assert (await api("/docs/other.js")).status == 404
    for name in pages.KINDS:
        text = (pages.FOLDER / name).read_text()
        assert "://" not in text
        assert not re.search(r"innerHTML|insertAdjacent|style=|<script>|\bon\w+=", text)


async def test_pages_of_other_origins_may_ask_only_where_they_are_named(data: Path) -> None:
    async with serving(data) as api:
        assert "Access-Control-Allow-Origin" not in (await api("/v1/cities", origin="https://a.example")).headers
    async with serving(data, origins=["https://a.example"]) as api:
        named = await api("/v1/cities", origin="https://a.example")
        other = await api("/v1/cities", origin="https://b.example")
    assert named.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert "Access-Control-Allow-Origin" not in other.headers
