"""Which replies of AIS are answers, and which are failures that look like one."""

from __future__ import annotations

from typing import Any

import pytest
from sources.replies import QUESTION, reply_of, verdict

from li_perf.errors import Broken, Busy, Drift
from li_perf.sources import ais
from li_perf.sources.ais_answer import Feature, Found, Missing, Properties, accounts

ACCOUNT = "051133966"


def found(account: Any = ACCOUNT, **more: Any) -> dict[str, Any]:
    feature = {"type": "Feature", "ais_feature_type": "address", "match_type": "exact"}
    feature |= {"properties": {"opa_account_num": account, "zip_code": "19107"}}
    return {"search_type": "address", "query": QUESTION, "features": [feature]} | more


def missing(message: str, **details: Any) -> dict[str, Any]:
    return {"status": 404, "error": "Not Found", "message": message, "details": {"query": QUESTION} | details}


def read(reply: Any) -> Any:
    return ais.read(QUESTION, reply)


def test_a_good_answer_is_found_with_leading_zeros() -> None:
    answer = read(reply_of(200, found()))
    assert isinstance(answer, Found)
    assert accounts(answer.features[0]) == (ACCOUNT,)


@pytest.mark.parametrize(
    "message",
    [
        "Could not find any addresses matching query.",
        "Could not find any opa addresses matching query.",
        "Could not find any known addresses matching the query.",
        "Could not find intersection matching query.",
        "Could not find any address on a block matching query.",
        "Query not recognized.",
        "Not a valid address.",
        "Could not parse query.",
        "Query exceeds character limit.",
    ],
)
def test_a_404_that_says_ais_looked_is_an_answer(message: str) -> None:
    assert isinstance(read(reply_of(404, missing(message))), Missing)


@pytest.mark.parametrize("kind", ["landmark", "pobox", "zipcode"])
def test_invalid_query_is_an_answer_where_ais_has_no_view(kind: str) -> None:
    assert isinstance(read(reply_of(404, missing("Invalid query.", search_type=kind))), Missing)


@pytest.mark.parametrize(
    "kind",
    [
        "address",
        "street",
        "intersection_addr",
        "opa_account",
        "block",
        "mapreg",
        "latlon",
        "stateplane",
        "new",
        None,
        7,
    ],
)
def test_invalid_query_is_a_failure_for_what_ais_can_answer(kind: object) -> None:
    with pytest.raises(Broken) as caught:
        read(reply_of(404, missing("Invalid query.", search_type=kind)))
    assert caught.value.tries is None


def test_invalid_query_is_a_failure_without_a_kind() -> None:
    assert verdict(lambda: read(reply_of(404, missing("Invalid query."))))[0] == "Broken"


def test_an_address_without_a_geocode_is_given_up_sooner() -> None:
    body = missing("Invalid query.", search_type="address", search_params={"a": "b"})
    with pytest.raises(Broken) as caught:
        read(reply_of(404, body))
    assert caught.value.tries == 2


@pytest.mark.parametrize("message", ["Page out of range.", "Invalid page value.", "Something new.", ""])
def test_a_404_in_unknown_words_is_not_an_answer(message: str) -> None:
    assert verdict(lambda: read(reply_of(404, missing(message))))[0] == "Garbled"


@pytest.mark.parametrize(
    "body",
    [
        b"<html>nginx</html>",
        {"status": 404, "error": "Not Found", "message": "The requested URL was not found.", "details": None},
        {"message": "Could not find any addresses matching query."},
        {"message": "Could not find any addresses matching query.", "details": {}},
        {"message": None, "details": {"query": QUESTION}},
        {"message": 404, "details": {"query": QUESTION}},
        {"message": "Could not find any addresses matching query.", "details": "none"},
        {"success": False, "message": "endpoint not found"},
    ],
)
def test_a_404_that_is_not_about_a_question_is_a_wrong_address_never_a_not_found(body: Any) -> None:
    assert verdict(lambda: read(reply_of(404, body)))[0] == "Astray"


@pytest.mark.parametrize("echo", ["1236 MARKET ST", "", None, 1234, ["1234 MARKET ST"], {"a": 1}])
def test_an_answer_to_another_question_is_none(echo: object) -> None:
    assert verdict(lambda: read(reply_of(200, found(query=echo))))[0] == "Garbled"
    not_found = missing("Could not find any addresses matching query.", query=echo)
    assert verdict(lambda: read(reply_of(404, not_found)))[0] == "Garbled"


def test_an_answer_that_does_not_repeat_the_question_is_none() -> None:
    body = found()
    del body["query"]
    assert verdict(lambda: read(reply_of(200, body)))[0] == "Garbled"
    other = {"message": "Could not find any addresses matching query.", "details": {"page": 0}}
    assert verdict(lambda: read(reply_of(404, other)))[0] == "Garbled"


@pytest.mark.parametrize("echo", ["1234 market st", " 1234  Market\tST ", QUESTION])
def test_case_and_white_space_of_the_repeated_question_do_not_matter(echo: str) -> None:
    assert isinstance(read(reply_of(200, found(query=echo))), Found)


@pytest.mark.parametrize("echo", ["1234 MARKET ST; REAR", "1234 MARKET ST", "1234 MARKET ST "])
def test_a_question_that_ais_read_up_to_its_semicolon_is_answered(echo: str) -> None:
    assert isinstance(ais.read("1234 MARKET ST; REAR", reply_of(200, found(query=echo))), Found)


def test_a_question_without_a_semicolon_must_come_back_whole() -> None:
    assert verdict(lambda: ais.read("1234 MARKET ST REAR", reply_of(200, found())))[0] == "Garbled"


@pytest.mark.parametrize(
    "body",
    [
        found(features=[]),
        found(features=None),
        found(features={}),
        found(features=[None]),
        found(features=[{}]),
        found(features=[{"properties": None}]),
        found(features=[{"properties": []}]),
        found(features=[{"properties": {"opa_account_num": ACCOUNT}, "match_type": 1}]),
        found(search_type=["address"]),
        {"query": QUESTION},
        {"error": "busy"},
        b"All okay!",
    ],
)
def test_a_200_of_another_shape_is_garbled(body: Any) -> None:
    assert verdict(lambda: read(reply_of(200, body)))[0] == "Garbled"


def test_an_intersection_has_no_account_and_needs_none() -> None:
    crossing = {"ais_feature_type": "intersection", "match_type": "exact", "properties": {"int_id": 21258}}
    assert isinstance(read(reply_of(200, found(features=[crossing], search_type="intersection"))), Found)


def test_properties_that_are_not_used_may_take_any_form() -> None:
    body = found()
    body["features"][0]["properties"] |= {"street_address": [{"value": "x"}], "opa_address": 7, "zip_code": ["19107"]}
    assert isinstance(read(reply_of(200, body)), Found)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("883309050", ("883309050",)),
        ("051133966", ("051133966",)),
        (51133966, ("051133966",)),
        (883309050, ("883309050",)),
        ("", ()),
        (None, ()),
        ("999000051|999000050", ("999000050", "999000051")),
        ("999000050|999000050", ("999000050",)),
        (["883309050"], ("883309050",)),
        ([51133966], ("051133966",)),
        ([{"source": "3600 PINE ST", "value": "999000051"}, {"value": "999000050"}], ("999000050", "999000051")),
    ],
)
def test_accounts_are_read_in_every_known_form(value: object, expected: tuple[str, ...]) -> None:
    assert accounts(Feature(properties=Properties(opa_account_num=value))) == expected


@pytest.mark.parametrize(
    "value",
    [
        *(
            "88330905",
            "8833090500",
            "N/A",
            "none",
            " 883309050",
            "883309050 ",
            "８８３３０９０５０",
            "٨٨٣٣٠٩٠٥٠",
            "883309050\n",
        ),
        *(
            "|",
            "883309050|",
            "|883309050",
            "883309050||999000050",
            "883309050, 999000050",
            "883309050|N/A",
            "-88330905",
        ),
        *(
            True,
            False,
            883309050.0,
            0.5,
            -5,
            10**9,
            10**400,
            {},
            {"value": "883309050"},
            [],
            [[]],
            [None],
            [{}],
            [True],
        ),
        *([{"value": None}], [{"value": ["883309050"]}], ["883309050", ""]),
    ],
)
def test_an_account_of_an_unknown_form_is_never_no_account(value: object) -> None:
    with pytest.raises(Drift, match="opa_account_num"):
        accounts(Feature(properties=Properties(opa_account_num=value)))


def test_a_missing_account_is_drift() -> None:
    with pytest.raises(Drift, match="none at all"):
        accounts(Feature(properties=Properties()))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"success": False, "message": "gatekeeper key required for this endpoint but not provided"}, "Denied"),
        (401, b"", "Denied"),
        (403, {"success": False, "message": "provided gatekeeper key is invalid"}, "Denied"),
        (403, {"success": False, "message": "Key has been REVOKED"}, "Denied"),
        (403, b"<html>403 Forbidden</html>", "Blocked"),
        (403, {"message": "API-Key expired"}, "Denied"),
        (403, {"message": "Invalid gatekeeperKey"}, "Denied"),
        (403, {"message": "Forbidden"}, "Blocked"),
        (403, {"message": "Request blocked: /search/4100 KEYSTONE ST"}, "Blocked"),
        (405, b"<html>captcha</html>", "Blocked"),
        (429, {"success": False, "message": "Your rate limit has been exceeded"}, "Busy"),
        (408, b"", "Broken"),
        (500, {"status": 500, "error": "Internal Server Error", "details": None}, "Broken"),
        (502, b"<html>", "Broken"),
        (503, b"", "Broken"),
        (504, b"DB failure!", "Broken"),
        (301, b"", "Astray"),
        (302, b"", "Astray"),
        (308, b"<!doctype html>", "Astray"),
        (400, b"", "Rejected"),
        (414, b"", "Rejected"),
        (418, b"", "Rejected"),
        (451, b"", "Rejected"),
        (204, b"", "Garbled"),
        (206, found(), "Garbled"),
    ],
)
def test_a_status_has_its_meaning(status: int, body: Any, kind: str) -> None:
    assert verdict(lambda: read(reply_of(status, body)))[0] == kind


@pytest.mark.parametrize(
    ("header", "wait"),
    [({"retry_after": "7"}, 7.0), ({}, None), ({"retry_after": "-1"}, None), ({"retry_after": "soon"}, None)],
)
def test_a_pause_is_as_long_as_the_server_says(header: dict[str, str], wait: float | None) -> None:
    with pytest.raises(Busy) as caught:
        read(reply_of(429, b"", **header))
    assert caught.value.wait == wait


def test_a_refused_key_names_the_setting_to_mend() -> None:
    _, error = verdict(lambda: read(reply_of(401)))
    assert "LI_PERF_AIS_KEY" in str(error)
