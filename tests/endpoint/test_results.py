import base64

import pytest
from pydantic import BaseModel, Field

from telamon.endpoint.invisible import visible_text
from telamon.endpoint.results import failed, tool_result
from telamon.endpoint.sites import names_site, with_site
from telamon.plugin import Audio, Embedded, Image, Link, Site, Text

LIMIT = 1000


def blocks(value: object, limit: int = LIMIT) -> list[dict[str, object]]:
    result = tool_result(value, limit).model_dump(by_alias=True, exclude_none=True, mode="json")
    found: list[dict[str, object]] = result["content"]
    return found


class Named(BaseModel):
    issue_key: str = Field(serialization_alias="issueKey")
    note: str | None = None


@pytest.mark.row("MCP-C43")
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (Text("plain"), "plain"),
        (Named(issue_key="A-1"), '{"issueKey":"A-1"}'),
        ([Named(issue_key="A-1")], '[{"issueKey":"A-1"}]'),
        ((1, None, "x"), '[1,null,"x"]'),
        ([], "[]"),
        (["text", "more"], '["text","more"]'),
        ({"n": float("nan"), "s": {3}}, '{"s":[3]}'),
        (True, "true"),
    ],
)
def test_a_value_is_one_compact_text(value: object, text: str) -> None:
    assert blocks(value) == [{"type": "text", "text": text}]


def test_content_values_are_sent_as_they_are() -> None:
    kinds = blocks(
        [
            Text("a"),
            Image(b"i", "image/png"),
            Audio(b"s", "audio/wav"),
            Embedded("x://1", "text", "text/plain"),
            Embedded("x://2", b"\x00", "application/pdf"),
            Link("x://3", "a\u200bb", "text/plain", 7),
        ]
    )
    assert [kind["type"] for kind in kinds] == [
        "text",
        "image",
        "audio",
        "resource",
        "resource",
        "resource_link",
    ]
    assert kinds[1]["data"] == base64.b64encode(b"i").decode()
    assert kinds[4]["resource"] == {
        "uri": "x://2",
        "mimeType": "application/pdf",
        "blob": "AA==",
    }
    assert kinds[5]["name"] == "ab"


def test_a_mixed_list_is_json() -> None:
    (only,) = blocks([Text("a"), "b"])
    assert only["text"] == '[{"text":"a"},"b"]'


def test_the_cap_is_for_all_texts_together_and_cuts_between_characters() -> None:
    first, second, third = blocks([Text("abcd"), Text("ää"), Text("ef")], limit=7)
    assert first["text"] == "abcd"
    assert str(second["text"]).startswith("ä\n\n[Cut here: the answer has 4 bytes")
    assert str(third["text"]).startswith("\n\n[Cut here")


def test_a_failure_is_one_clean_sentence_of_bounded_length() -> None:
    result = failed("\u202eNo." + "x" * 5000)
    assert result.is_error
    (content,) = result.content
    assert content.type == "text"
    assert content.text.startswith("No.")
    assert len(content.text) == 2000


@pytest.mark.row("SEC-I15", "MCP-C44")
@pytest.mark.parametrize(
    ("hidden", "seen"),
    [
        ("plain", "plain"),
        ("\U000e0049\U000e0067nore", "nore"),
        ("a\u200bb\u2060c\ufeffd", "abcd"),
        ("\u202eevil\u202c \u2066x\u2069", "evil x"),
        ("a\ufe0f\ufe0f\ufe0fb", "ab"),
        ("a\u200db", "ab"),
        ("👨\u200d👩", "👨\u200d👩"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # noqa: RUF001 - Persian needs the joiner
        ("x\ud800y", "x\ufffdy"),
        ("Grüße, 世界", "Grüße, 世界"),
    ],
)
def test_hidden_characters_are_taken_out_and_visible_ones_left(hidden: str, seen: str) -> None:
    assert visible_text(hidden) == seen


SITE = Site(cloud_id="ABC-1", url="https://one.example.com", name="One")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("abc-1", True),
        (" one.example.com ", True),
        ("https://one.example.com/wiki", True),
        ("one.example.com.evil.example.com", False),
        ("https://one.example.com@evil.example.com", False),
        ("https://evil.example.com\\@one.example.com", False),
        ("http://one.example.com", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_a_site_has_three_names(text: str, same: bool) -> None:
    assert names_site(text, SITE) is same


def test_a_tool_with_a_cloud_id_of_its_own_keeps_it() -> None:
    own = {"type": "object", "properties": {"cloudId": {"type": "integer"}}}
    assert with_site(own) == own
    assert with_site({"type": "object"})["properties"]["cloudId"]["type"] == "string"
