"""The description is exact: whatever it allows is answered, in the shape and with the status that it says."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jsonschema
import pytest
from faces.api.conftest import Get, serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.lakes import put, ticket

from li_perf.faces.report_json import json

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
DAY = st.dates().map(str)
WRONG = ("-1", "a" * 201)


def value(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    """Any value that a parameter's schema allows, as it stands in an address."""
    if "anyOf" in schema:
        return st.one_of([value(one) for one in schema["anyOf"] if one.get("type") != "null"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    if schema["type"] == "integer":
        return st.integers(schema["minimum"], schema["maximum"]).map(str)
    if schema["type"] == "array":
        return value(schema["items"])
    return DAY if schema.get("format") == "date" else TEXT.filter(lambda text: len(text) >= schema.get("minLength", 0))


@st.composite
def addresses(draw: st.DrawFn, description: dict[str, Any]) -> tuple[str, str]:
    """A path of the description, and an address of it with any parameters that it allows."""
    path = draw(st.sampled_from(sorted(description["paths"])))
    address, query = path, []
    for parameter in description["paths"][path]["get"].get("parameters", ()):
        if parameter["in"] == "path":
            chosen = draw(value(parameter["schema"]).filter(lambda text: "/" not in text and text not in (".", "..")))
            address = address.replace(f"{{{parameter['name']}}}", quote(chosen, safe=""))
        elif draw(st.booleans()):
            query.append((parameter["name"], draw(value(parameter["schema"]))))
    return path, f"{address}?{urlencode(query)}"


def check(description: dict[str, Any], path: str, reply: Any) -> None:
    """That the answer's status, type and shape are those described."""
    described = description["paths"][path]["get"]["responses"]
    assert str(reply.status) in described, reply
    content = described[str(reply.status)].get("content", {})
    kind = reply.headers["Content-Type"].partition(";")[0]
    assert kind in content
    if kind.endswith("json"):
        schema = {**content[kind]["schema"], "components": description["components"]}
        jsonschema.Draft202012Validator(schema).validate(reply.json)


@pytest.fixture
def whole(data: Path, tmp_path: Path, full: Any) -> Path:
    """A data folder with measures, a lake and a report."""
    put(data / "philadelphia.lake", [ticket(number) for number in range(3)], first=1)
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "report.json").write_bytes(json(full))
    return data


async def described(api: Get) -> dict[str, Any]:
    found: dict[str, Any] = (await api("/v1/openapi.json")).json
    return found


def test_what_the_description_allows_is_answered_as_it_says(whole: Path) -> None:
    async def answers() -> None:
        async with serving(whole, cities=["philadelphia"]) as api:
            description, loop = await described(api), asyncio.get_running_loop()

            @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
            @given(addresses(description))
            def ask(asked: tuple[str, str]) -> None:
                path, address = asked
                reply = asyncio.run_coroutine_threadsafe(api(address), loop).result(30)
                check(description, path, reply)
                assert reply.status in (200, 404), reply

            await asyncio.to_thread(ask)

    asyncio.run(answers())


async def test_every_route_that_has_an_answer_gives_it(whole: Path) -> None:
    async with serving(whole, cities=["philadelphia"]) as api:
        description = await described(api)
        for path in description["paths"]:
            reply = await api(path.replace("{city}", "philadelphia").replace("{number}", "1"))
            assert reply.status == 200
            check(description, path, reply)


async def test_what_it_does_not_allow_is_refused(api: Get) -> None:
    description = await described(api)
    for path, methods in description["paths"].items():
        for parameter in methods["get"].get("parameters", ()):
            if parameter["in"] == "query":
                refused = [
                    await api(f"{path.replace('{city}', 'philadelphia')}?{parameter['name']}={text}") for text in WRONG
                ]
                assert {reply.status for reply in refused} <= {200, 404, 422, 503}
                assert refused[-1].status == 422


async def test_the_shapes_have_no_more_than_is_said(api: Get) -> None:
    description = await described(api)
    named = {ref.rpartition("/")[2] for ref in refs(description["paths"])}
    assert {"Cities", "CityItem", "Figures", "Days", "Requests", "RequestFile", "Findings", "Problem"} <= named
    assert named <= set(description["components"]["schemas"])
    for methods in description["paths"].values():
        assert methods["get"]["description"]
        assert {"422", "500"} < set(methods["get"]["responses"])


def refs(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [one for key, item in value.items() for one in ([item] if key == "$ref" else refs(item))]
    return [one for item in value for one in refs(item)] if isinstance(value, list) else []
