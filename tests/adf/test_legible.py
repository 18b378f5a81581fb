"""What the schema does not know is hidden from readers of the short form, and never from edits."""

import json
import re
from typing import Any

import pytest
from adf.documents import Node, documents
from adf.profiles import cases
from adf.test_edits import read
from adf.test_round_trip import doc, link, p, t
from hypothesis import given
from hypothesis import strategies as st

from telamon.adf import apply_edit, canonical, lost, model, replace_section, to_markdown
from telamon.adf.origin import walk

NOTE = {"linkType": "page", "versionAtSave": "1"}
PAGE_LINK: Node = {
    "type": "link",
    "attrs": {"href": "https://example.com/p", "__confluenceMetadata": NOTE},
}
NAME = re.compile("[0-9a-f]{10}")
"""The name in a reference, which is that of the node as it is."""
LATER = st.sampled_from([None, True, "x", NOTE])


def changed(node: Node, before: str, after: str) -> Any:
    return json.loads(json.dumps(node).replace(before, after))


@st.composite
def later_documents(draw: st.DrawFn) -> tuple[Node, Node]:
    """A document, and the same with attributes that this version does not know."""
    document = canonical(draw(documents(4)))
    later = canonical(document)
    for node in walk(later):
        if node["type"] in model.MACROS | {"doc"} or not draw(st.booleans()):
            continue
        for each in (*node.get("marks", ()), *([node] if node["type"] != "text" else ())):
            each.setdefault("attrs", {})["later"] = draw(LATER)
    return document, later


@cases(100)
@given(later_documents())
def test_a_document_of_a_later_version_reads_like_one_of_this(pair: tuple[Node, Node]) -> None:
    document, later = pair
    assert NAME.sub("", read(later)) == NAME.sub("", read(document))


@cases(100)
@given(later_documents())
def test_a_document_of_a_later_version_is_written_back_as_it_was(pair: tuple[Node, Node]) -> None:
    _, later = pair
    assert apply_edit(later, read(later)) == later
    assert apply_edit(later, read(later) + "\n\n[no such label]: x") == later
    assert apply_edit(later, to_markdown(later)) == later
    assert lost(later, later) == []


def test_a_link_to_a_page_is_read_with_its_address_and_keeps_the_note_beside_it() -> None:
    document = doc(p("See ", t("the plan", PAGE_LINK), " today."), p("b"))
    text = read(document)
    updated = apply_edit(document, text.replace("today", "tomorrow"))
    assert text == "See [the plan](https://example.com/p) today.\n\nb"
    assert updated == doc(p("See ", t("the plan", PAGE_LINK), " tomorrow."), p("b"))


def test_two_links_that_differ_in_their_notes_alone_stay_two() -> None:
    other: Node = {"type": "link", "attrs": {**PAGE_LINK["attrs"], "__confluenceMetadata": None}}
    document = doc(p(t("a", PAGE_LINK), t("b", other)))
    assert apply_edit(document, read(document) + "\n\n[no such label]: x") == document


@pytest.mark.parametrize(
    "block",
    [
        p("words", attrs={"future": True}),
        p("words", marks=[{"type": "lineHeight", "attrs": {"of": 2}}]),
        p("words", marks=[{"type": "alignment", "attrs": {"align": "start"}}]),
        {"type": "heading", "attrs": {"level": 2, "folded": None}, "content": [t("words")]},
        {"type": "codeBlock", "attrs": {"language": None}, "content": [t("words")]},
        {"type": "panel", "attrs": {"panelType": "info", "later": 1}, "content": [p("words")]},
    ],
)
def test_an_edit_of_a_block_keeps_what_its_markdown_does_not_show(block: dict[str, Any]) -> None:
    document = doc(p("a"), block)
    text = read(document)
    assert "```adf" not in text
    updated = apply_edit(document, text.replace("words", "other words"))["content"][1]
    assert updated == changed(block, "words", "other words")


def test_an_edit_of_a_cell_keeps_what_its_table_and_its_own_frame_say() -> None:
    frame = {"colspan": 1, "rowspan": 1, "colwidth": None, "background": None}
    cells = [{"type": "tableCell", "attrs": frame, "content": [p(word)]} for word in ("one", "two")]
    attrs = {"__autoSize": False, "isNumberColumnEnabled": False, "layout": "default"}
    rows = [{"type": "tableRow", "content": cells}]
    document = doc({"type": "table", "attrs": attrs, "content": rows})
    updated = apply_edit(document, read(document).replace("two", "three"))
    assert updated == changed(document, "two", "three")


def test_what_an_edit_says_counts_more_than_what_was_hidden() -> None:
    document = doc({"type": "codeBlock", "attrs": {"language": None}, "content": [t("x")]})
    [block] = apply_edit(document, "```python\nx\n```")["content"]
    assert block["attrs"] == {"language": "python"}


def test_a_section_of_a_later_document_is_edited_alike() -> None:
    head: Node = {"type": "heading", "attrs": {"level": 1, "later": 1}, "content": [t("Head")]}
    document = doc(head, p("a", t("b", PAGE_LINK)), {"type": "wormhole", "attrs": {"x": None}})
    text = read(document)
    assert replace_section(document, "Head", text) == document
    updated = replace_section(document, "Head", text.replace("# Head", "# Tail"))
    assert updated["content"][1:] == document["content"][1:]
    assert updated["content"][0]["attrs"] == head["attrs"]


def test_text_with_a_mark_of_a_later_version_stays_a_reference() -> None:
    document = doc(p("a ", t("b", {"type": "sparkle"}, link("/x"))))
    assert read(document).startswith("a :adf[")
    assert (
        apply_edit(document, read(document).replace("a ", "c "))["content"][0]["content"][1:]
        == (document["content"][0]["content"][1:])
    )


@pytest.mark.parametrize("columns", [1, 4, 5])
def test_a_layout_of_more_or_fewer_columns_than_the_schema_has_is_read_and_edited(
    columns: int,
) -> None:
    layout: Node = {
        "type": "layoutSection",
        "content": [
            {"type": "layoutColumn", "attrs": {"width": 100 / columns}, "content": [p(f"c{at}")]}
            for at in range(columns)
        ],
    }
    document = doc(p("a"), layout)
    text = read(document)
    assert text.count(":::column") == columns
    assert "adf" not in text
    assert apply_edit(document, text.replace("c0", "d")) == changed(document, "c0", "d")
    assert apply_edit(document, to_markdown(document).replace("a\n", "b\n")) == doc(p("b"), layout)
    assert apply_edit(document, text + "\n\n[no such label]: x") == document


def test_no_edit_makes_a_layout_that_the_schema_does_not_have() -> None:
    column: Node = {"type": "layoutColumn", "attrs": {"width": 50}, "content": [p("c")]}
    document = doc({"type": "layoutSection", "content": [column, column]})
    text = read(document).replace(":::column {width=50}", ":::column {width=25}\n\nd", 1)
    more = text.replace("d\n", "d\n\n:::column\n\n:::column\n", 1)
    assert [block["type"] for block in apply_edit(document, text)["content"]] == ["layoutSection"]
    assert {block["type"] for block in apply_edit(document, more)["content"]} == {"paragraph"}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "paragraph", "attrs": {"later": 1}, "content": [t("a"), "no node"]},
        {"type": "heading", "attrs": {"later": 1}, "content": [t("a")]},
    ],
)
def test_what_is_broken_in_another_way_stays_a_reference(block: Node) -> None:
    document = doc(block)
    assert read(document).startswith("```adf ref=")
    assert apply_edit(document, read(document) + "\n\n[no such label]: x") == document
