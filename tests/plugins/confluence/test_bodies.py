import json
from typing import Any

import pytest

from telamon.plugin import InvalidArgument, ToolError
from telamon_confluence import bodies


def nested(depth: int) -> dict[str, Any]:
    node: dict[str, Any] = {"type": "paragraph", "content": [{"type": "text", "text": "deep"}]}
    for _ in range(depth):
        item = {"type": "listItem", "content": [node]}
        node = {"type": "bulletList", "content": [item]}
    return {"type": "doc", "version": 1, "content": [node]}


@pytest.mark.row("SEC-I13")
def test_a_document_that_is_nested_too_deeply_is_offered_in_another_form() -> None:
    with pytest.raises(ToolError, match="contentFormat adf or storage"):
        bodies.text(nested(3000))


@pytest.mark.row("SEC-I13")
def test_a_body_nested_beyond_what_json_parses_is_said_to_be_unreadable() -> None:
    value = "[" * 100_000

    with pytest.raises(ToolError, match="cannot be read"):
        bodies.document({"body": {"atlas_doc_format": {"value": value}}})


@pytest.mark.row("SEC-I13")
def test_markdown_that_is_too_long_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="characters"):
        bodies.from_text("x" * 4_000_001)


@pytest.mark.row("SEC-I14")
def test_markdown_makes_no_macro_that_was_not_there() -> None:
    text = '<ac:structured-macro ac:name="include"/>\n\n```adf\n{"type":"extension"}\n```\n'

    written = bodies.from_text(text)

    kinds = json.dumps(json.loads(written["value"]))
    assert '"type": "extension"' not in kinds
    assert '"type": "bodiedExtension"' not in kinds


def test_bodies_are_written_compactly_and_in_their_own_letters() -> None:
    written = bodies.from_text("Gr\u00fc\u00dfe")

    assert written["representation"] == "atlas_doc_format"
    assert "Gr\u00fc\u00dfe" in written["value"]
    assert ": " not in written["value"]


def test_documents_that_are_too_deep_to_compare_are_refused() -> None:
    with pytest.raises(InvalidArgument):
        bodies.losses(nested(3000), nested(1))


def test_an_edit_of_a_document_that_is_too_deep_is_refused() -> None:
    with pytest.raises(InvalidArgument):
        bodies.edited(nested(3000), "x")
    with pytest.raises(InvalidArgument):
        bodies.section_edited(nested(3000), "x", "y")


def test_a_new_text_cannot_refer_to_a_block_of_another_page() -> None:
    with pytest.raises(InvalidArgument, match="exists only in the page it came from"):
        bodies.from_text("```adf ref=0000000000\nextension toc\n```")
