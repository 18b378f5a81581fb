import json

import pytest

from telamon.web.answers import encode_json, json_answer, oauth_error, visible


def test_json_is_compact_and_not_to_be_stored() -> None:
    answer = json_answer({"a": [1, None], "b": "é"})
    assert answer.body == '{"a":[1,null],"b":"é"}'.encode()
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"


def test_headers_handed_in_come_before_the_usual_ones() -> None:
    answer = json_answer({}, status=201, headers={"Cache-Control": "max-age=60"})
    assert (answer.status, answer.headers["Cache-Control"]) == (201, "max-age=60")


@pytest.mark.row("SEC-J05")
def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    assert encode_json({"a": "x\ud800y\udfffz"}) == '{"a":"x\ufffdy\ufffdz"}'.encode()
    assert encode_json("\ud83d" + "\ude00" + "\ud800") == '"😀\ufffd"'.encode()


def test_numbers_that_are_not_json_are_never_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode_json(float("nan"))


def test_an_oauth_error_has_its_two_fields() -> None:
    answer = oauth_error("invalid_grant", "The code is used up.", status=400)
    assert json.loads(answer.text or "") == {
        "error": "invalid_grant",
        "error_description": "The code is used up.",
    }


@pytest.mark.row("SEC-S15")
def test_a_description_is_short_printable_ascii_without_quotes() -> None:
    assert visible('a "b" \\ é\n\x1b[31m<b>') == "a 'b' ? ???[31m<b>"
    assert len(visible("x" * 1000)) == 200
