"""Hostile addresses on the wire, through `sources.ais` and the real client; hostile values in a statement."""

from __future__ import annotations

from urllib.parse import parse_qs

import duckdb
import pytest
from catalogue.address_service import about, answering, asked_in, asking_ais, failures, outcomes_of
from engine.breaking import hang_up, saying
from engine.local import sending, speaking

from li_perf.errors import Garbled
from li_perf.model import Outcome
from li_perf.sources import ais, carto, sql
from li_perf.sources.ais_answer import Feature, Properties, accounts

ON_THE_WIRE = {
    "1234 MARKET ST #2": "1234%20MARKET%20ST%20%232",
    "1234 MARKET ST?GATEKEEPERKEY=X": "1234%20MARKET%20ST%3FGATEKEEPERKEY%3DX",
    "../../ADMIN": "..%2F..%2FADMIN",
    "A/../../..": "A%2F..%2F..%2F..",
    "A/B ST": "A%2FB%20ST",
    "A\\B ST": "A%5CB%20ST",
    "%2E%2E/ADMIN": "%252E%252E%2FADMIN",
    "100%2F200": "100%252F200",
    "100%": "100%25",
    "//EVIL.COM": "%2F%2FEVIL.COM",
    "HTTP://EVIL.COM/": "HTTP%3A%2F%2FEVIL.COM%2F",
    "@EVIL.COM": "%40EVIL.COM",
    "A+B": "A%2BB",
    "A;B": "A%3BB",
    "A&B=C": "A%26B%3DC",
    "A\x00B": "A%00B",
    "A\x07\x1b[31mB": "A%07%1B%5B31MB",
    "MÁRKET ST": "M%C3%81RKET%20ST",
    "MA\u0301RKET ST": "MA%CC%81RKET%20ST",
    "1234 \u202eTS": "1234%20%E2%80%AETS",
    "12\u200b34 ST": "12%E2%80%8B34%20ST",
    "🏠 1": "%F0%9F%8F%A0%201",
    "１２３４ ST": "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%20ST",
    "١٢٣ ST": "%D9%A1%D9%A2%D9%A3%20ST",
    '1 "O\'NEIL" ST -- ': "1%20%22O%27NEIL%22%20ST%20--",
    "'; DROP TABLE T --": "%27%3B%20DROP%20TABLE%20T%20--",
    "<SCRIPT>ALERT(1)</SCRIPT>": "%3CSCRIPT%3EALERT%281%29%3C%2FSCRIPT%3E",
    "{{7*7}} ${JNDI:X}": "%7B%7B7%2A7%7D%7D%20%24%7BJNDI%3AX%7D",
    "*": None,
    ".": None,
    "..": None,
    "/": None,
    "//": None,
    "?": None,
    "#": None,
    ";": None,
    "%": None,
    "\x00": None,
    "\ud800": None,
}
CLEANED = {
    "x\r\nX-Inj: 1": "X%20X-INJ%3A%201",
    "1 a st\n": "1%20A%20ST",
    "1\ta\u00a0st\u2028": "1%20A%20ST",
    "1 a HTTP/1.1\r\nHost: evil.com\r\n\r\nGET / HTTP/1.1": None,
}
each_address = pytest.mark.parametrize(("address", "segment"), [*ON_THE_WIRE.items(), *CLEANED.items()])


@each_address
async def test_a_hostile_address_is_one_segment_on_the_wire_or_is_never_sent(address: str, segment: str | None) -> None:
    question = ais.question(address)
    if segment is None and isinstance(question, Outcome):
        assert question is Outcome.ADDRESS_PLACEHOLDER
        return
    assert isinstance(question, str)
    async with answering(hang_up, when=lambda _: False) as server, asking_ais(f"{server.url}/ais/v2") as asker:
        answer = await asker.ask(about(question))
    assert answer.attempts == len(server.heads) == 1
    line, *headers = server.heads[0].decode("ascii").split("\r\n")
    assert [header.partition(":")[0] for header in headers] == [
        *("Host", "Accept", "User-Agent", "Accept-Encoding"),
        *("", ""),
    ]
    assert headers[0] == f"Host: {server.url.removeprefix('http://')}"
    assert asked_in(server.heads[0]) == question
    if segment is not None:
        assert line == f"GET /ais/v2/search/{segment} HTTP/1.1"


@pytest.mark.parametrize("address", ["1 \ud800 ST", "A" * 80, "A" * 10_000, "🏠 A" * 40, "1 A ST; " * 11])
def test_what_ais_would_not_look_at_is_not_askable(address: str) -> None:
    question = ais.question(address)
    assert isinstance(question, str)
    assert not ais.is_askable(question)


async def test_hostile_addresses_do_not_spoil_their_neighbours() -> None:
    texts = [ais.question(address) for address in ON_THE_WIRE]
    hostile = [text for text in texts if isinstance(text, str)]
    async with answering(hang_up, when=lambda _: False) as server, asking_ais(server.url) as asker:
        outcomes = await outcomes_of(asker, [*hostile, "1 GOOD ST"])
    assert not failures(outcomes)
    assert sorted(asked_in(head) for head in server.heads) == sorted([*hostile, "1 GOOD ST"])


async def test_an_answer_to_the_first_half_of_a_question_is_ours_and_one_to_another_is_not() -> None:
    """AIS stops reading at a semicolon, and repeats what it has read."""
    found = ais.read("1 A ST; DROP", (await _reply_to("1 A ST")))
    assert found
    with pytest.raises(Garbled, match="another question"):
        ais.read("2 B ST; DROP", (await _reply_to("1 A ST")))


async def _reply_to(address: str):  # type: ignore[no-untyped-def]
    async with answering(hang_up, when=lambda _: False) as server, sending(server.url) as client:
        return await client.send(ais.request(address))


NO_ACCOUNTS = {
    "full-width digits": "８８３３０９０５０",
    "Arabic digits": "٨٨٣٣٠٩٠٥٠",
    "a line end": "883309050\n",
    "a blank": "883309050 ",
    "a quote": "88330905'",
    "a statement": "883309050' OR '1'='1",
    "NUL": "88330905\x00",
    "a backslash": "88330905\\",
    "a comment": "883309050--",
    "eight digits": "88330905",
    "ten digits": "8833090500",
    "a sign": "-88330905",
    "a point": "88330905.",
    "superscripts": "⁸⁸³³⁰⁹⁰⁵⁰",
}
each_value = pytest.mark.parametrize("value", NO_ACCOUNTS.values(), ids=NO_ACCOUNTS.keys())


@each_value
def test_only_nine_ascii_digits_are_an_account(value: str) -> None:
    feature = Feature(properties=Properties(opa_account_num=value))
    with pytest.raises(Garbled, match="opa_account_num of an unknown form"):
        accounts(feature)


@each_value
async def test_a_hostile_value_stays_a_value_on_the_wire_to_carto(value: str) -> None:
    """What comes from the City's own tables, not from AIS, is quoted; the statement's frame does not change."""
    if "\x00" in value:
        with pytest.raises(ValueError, match="cannot be sent"):
            sql.within("casenumber", [value])
        return
    statement = sql.select("violations", ["casenumber"], where=[sql.within("casenumber", ["1", value])])
    body = await _form_of(statement)
    assert body.isascii()
    assert parse_qs(body.decode(), strict_parsing=True, keep_blank_values=True) == {"q": [statement]}
    with duckdb.connect() as database:
        database.execute("CREATE TABLE violations AS SELECT * FROM (VALUES (?), ('2')) AS t(casenumber)", [value])
        assert database.execute(statement).fetchall() == [(value,)]


async def _form_of(statement: str) -> bytes:
    bodies: list[bytes] = []

    async def speak(reader, writer):  # type: ignore[no-untyped-def]
        length = next(int(line[15:]) for line in server.heads[-1].splitlines() if line.startswith(b"Content-Length:"))
        bodies.append(await reader.readexactly(length))
        await saying(b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"rows":[]}')(reader, writer)

    async with speaking(speak) as server, sending(f"{server.url}/sql") as client:
        assert carto.read(await client.send(carto.request(statement))).rows == []
    assert server.heads[0].startswith(b"POST /sql HTTP/1.1\r\n")
    return bodies[0]
