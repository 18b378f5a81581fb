from typing import Any

import pytest
from adf.documents import Node, documents, node
from adf.profiles import cases
from adf.schema import SCHEMA
from hypothesis import given

from telamon.adf import canonical, from_markdown, model, to_markdown, values
from telamon.adf.origin import walk
from telamon.adf.validity import valid


def doc(*blocks: Node) -> Node:
    return {"type": "doc", "version": 1, "content": list(blocks)}


def p(*inline: Node | str, **more: Any) -> Node:
    return {"type": "paragraph", "content": [t(one) for one in inline]} | more


def t(text: Node | str, *marks: Node | str) -> Node:
    if not isinstance(text, str):
        return text
    made: Node = {"type": "text", "text": text}
    if marks:
        made["marks"] = [{"type": mark} if isinstance(mark, str) else mark for mark in marks]
    return made


def link(href: str, **more: str) -> Node:
    return {"type": "link", "attrs": {"href": href, **more}}


def comes_back(document: Node) -> str:
    markdown = to_markdown(document)
    assert from_markdown(markdown, trusted=True) == canonical(document), markdown
    return markdown


@cases(150)
@given(documents(3))
def test_any_small_document_comes_back_from_markdown(document: Node) -> None:
    assert all(valid(block, "doc") for block in document["content"])
    comes_back(document)


@cases(25)
@given(documents(7))
def test_any_deep_document_comes_back_from_markdown(document: Node) -> None:
    assert all(valid(block, "doc") for block in document["content"])
    comes_back(document)


@cases(150)
@given(node("paragraph", "doc", 2))
def test_any_line_of_text_comes_back_from_markdown(paragraph: Node) -> None:
    comes_back(doc(paragraph))


TABLE: Node = {
    "type": "table",
    "attrs": {"localId": "t"},
    "marks": [{"type": "fragment", "attrs": {"localId": "f", "name": "n"}}],
    "content": [
        {
            "type": "tableRow",
            "content": [{"type": "tableHeader", "attrs": {"colwidth": [9]}, "content": [p("a|b")]}],
        },
        {
            "type": "tableRow",
            "content": [
                {
                    "type": "tableCell",
                    "content": [
                        p("x", marks=[{"type": "alignment", "attrs": {"align": "center"}}]),
                        {"type": "nestedExpand", "attrs": {}, "content": [p("y")]},
                    ],
                }
            ],
        },
    ],
}
PICTURE: Node = {
    "type": "media",
    "attrs": {"type": "file", "id": "i", "collection": "c", "alt": "x [y]"},
    "marks": [
        link("https://example.com"),
        {"type": "border", "attrs": {"size": 2, "color": "#091e4224"}},
        {"type": "annotation", "attrs": {"id": "c1", "annotationType": "inlineComment"}},
        {"type": "dataConsumer", "attrs": {"sources": ["s"]}},
    ],
}
MACRO: Node = {
    "type": "extension",
    "attrs": {"extensionKey": "toc", "extensionType": "m", "parameters": {"a": ["`", "|", None]}},
}
WHOLE = doc(
    {"type": "heading", "attrs": {"level": 2}, "content": [t("C# #")],
     "marks": [{"type": "indentation", "attrs": {"level": 2}}]},
    p("a ", t("b", "strong", "em"), t("c", "strike", "underline"), t("`d", "code"),
      t("2", {"type": "subsup", "attrs": {"type": "sub"}}),
      t("r", {"type": "textColor", "attrs": {"color": "#ff0000"}}),
      t("g", {"type": "backgroundColor", "attrs": {"color": "#00ff00"}}), {"type": "hardBreak"},
      t("x", link("https://example.com", title="t")), {"type": "date", "attrs": {"timestamp": "0"}},
      {"type": "emoji", "attrs": {"shortName": ":x:", "id": "1"}},
      {"type": "mention", "attrs": {"id": "1:2-3", "text": "@Ada Example"}},
      {"type": "status", "attrs": {"text": "A]", "color": "blue"}},
      {"type": "placeholder", "attrs": {"text": "p"}},
      {"type": "inlineCard", "attrs": {"url": "https://example.com/a b"}},
      {"type": "inlineCard", "attrs": {"data": {"@type": "x"}}},
      {"type": "mediaInline", "attrs": {"id": "m", "collection": ""}},
      {"type": "inlineExtension", "attrs": {"extensionKey": "k", "extensionType": "e"}},
      marks=[{"type": "alignment", "attrs": {"align": "end"}},
             {"type": "fontSize", "attrs": {"fontSize": "small"}}]),
    {"type": "codeBlock", "attrs": {"language": "c++"}, "content": [t("```\n\n")],
     "marks": [{"type": "breakout", "attrs": {"mode": "wide"}}]},
    {"type": "blockquote", "content": [p("[!NOTE]"), {"type": "mediaGroup", "content": [PICTURE]}]},
    {"type": "panel", "attrs": {"panelType": "custom", "panelIcon": ":x:"},
     "content": [p("[ ] x")]},
    {"type": "bulletList", "content": [{"type": "listItem", "content": [p("- a")]}]},
    {"type": "bulletList", "content": [{"type": "listItem", "content": [p("b")]}]},
    {"type": "orderedList", "attrs": {"order": 7},
     "content": [{"type": "listItem", "attrs": {"localId": "i"}, "content": [p()]}]},
    {"type": "taskList", "attrs": {"localId": "l"}, "content": [
        {"type": "taskItem", "attrs": {"localId": "1", "state": "DONE"}, "content": [t("{th} x")]},
        {"type": "taskList", "attrs": {"localId": "m"}, "content": [
            {"type": "blockTaskItem", "attrs": {"localId": "2", "state": "TODO"},
             "content": [p("x"), MACRO]}]}]},
    {"type": "decisionList", "attrs": {"localId": "d"}, "content": [
        {"type": "decisionItem", "attrs": {"localId": "3", "state": "DECIDED"},
         "content": [t("y")]}]},
    TABLE,
    {"type": "mediaSingle", "attrs": {"layout": "wide"}, "content": [
        PICTURE, {"type": "caption", "content": [t("c", "em")]}]},
    {"type": "blockCard", "attrs": {"url": "https://example.com"}},
    {"type": "embedCard", "attrs": {"url": "https://example.com", "layout": "wide"}},
    {"type": "rule"},
    MACRO,
    {"type": "bodiedExtension", "attrs": {"extensionKey": "k", "extensionType": "e"},
     "content": [p("b")]},
    {"type": "expand", "attrs": {"title": "T </summary>"}, "content": [p("</details>")]},
    {"type": "layoutSection", "content": [
        {"type": "layoutColumn", "attrs": {"width": 50}, "content": [p(":::")]},
        {"type": "layoutColumn", "attrs": {"width": 50}, "content": [p("{align=center}")]}]},
    {"type": "syncBlock", "attrs": {"resourceId": "r", "localId": "s"}},
    {"type": "bodiedSyncBlock", "attrs": {"resourceId": "r", "localId": "s"}, "content": [p("z")]},
)  # fmt: skip


def test_a_document_with_every_node_and_mark_comes_back() -> None:
    SCHEMA.validate(WHOLE)
    found = {one["type"] for one in walk(WHOLE)}
    marks = {mark["type"] for one in walk(WHOLE) for mark in one.get("marks", [])}
    assert found == model.TYPES
    assert marks == set(values.MARKS)
    comes_back(WHOLE)


@pytest.mark.parametrize("block", WHOLE["content"], ids=lambda block: block["type"])
def test_each_block_comes_back_on_its_own(block: Node) -> None:
    comes_back(doc(block))


@pytest.mark.parametrize(
    "text",
    [
        "snake_case_name",
        "a * b",
        "1.5",
        "C#",
        "foo-bar",
        "5 > 3",
        "a_b_c",
        "a < b",
        "x = y | z",
        "array[0]",
        "R&D",
        "100%",
        "C:\\Users\\ada",
        "(see above)",
        "key: value",
        "10:30:45",
        "~5 minutes",
        "!important",
        "a@example.com",
        "2 + 2 = 4",
        "#tag",
        "$HOME",
        '"quoted"',
        "it's",
        "[PROJ-1] title",
        "{noformat}",
        "https",
        "www",
        "a - b",
    ],
)
def test_plain_text_needs_no_escaping(text: str) -> None:
    assert comes_back(doc(p(text))) == text


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("# a", "\\# a"),
        ("- a", "\\- a"),
        ("1. a", "1\\. a"),
        ("*a*", "\\*a\\*"),
        ("[a](b)", "[a\\](b)"),
        ("https://example.com", "https\\://example.com"),
        (" a ", "&#32;a&#32;"),
        ("&amp;", "\\&amp;"),
        ("a\nb", "a&#10;b"),
        ("<u>", "\\<u>"),
        ("List<String>", "List\\<String>"),
        (":smile:", "\\:smile:"),
        (':smile::adf["x"]', '\\:smile:\\:adf["x"]'),
        ("a\\ ", "a\\\\&#32;"),
        ("---", "\\---"),
    ],
)
def test_text_that_looks_like_markdown_is_escaped(text: str, markdown: str) -> None:
    assert comes_back(doc(p(text))) == markdown


@pytest.mark.parametrize(
    ("line", "markdown"),
    [
        ([t("Name:", "strong"), " value"], "**Name:** value"),
        ([t("Name: ", "strong"), "value"], "<strong>Name: </strong>value"),
        ([t("a", "strong", "em")], "**_a_**"),
        ([t("https://example.com", link("https://example.com")), "."], "https://example.com."),
        ([t("a@example.com", link("mailto:a@example.com"))], "<a@example.com>"),
        ([t("a", link("/x?a=b&copy=c&d=1"))], "[a](/x?a=b&copy=c&d=1)"),
        ([t("a", link("/x?a=b&copy;=c"))], "[a](/x?a=b\\&copy;=c)"),
        ([{"type": "date", "attrs": {"timestamp": "junk"}}], ":date[junk]{timestamp=junk}"),
        ([t("a", "em"), t("b", "em", "strong"), t("c", "em")], "*a**b**c*"),
        (["a", {"type": "hardBreak"}], "a<br>"),
    ],
)
def test_marked_text_is_written_as_a_person_would(line: list[Any], markdown: str) -> None:
    assert comes_back(doc(p(*line))) == markdown


def test_nested_items_without_text_are_no_rule() -> None:
    block: Node = {"type": "paragraph"}
    for _ in range(4):
        block = {"type": "bulletList", "content": [{"type": "listItem", "content": [block]}]}
    comes_back(doc(block))


def test_an_unknown_node_or_mark_comes_back_as_it_was() -> None:
    document = doc(
        {"type": "holodeck", "attrs": {"x": 1}, "content": [p("inside")]},
        p(t("a", "sparkle"), {"type": "wormhole", "attrs": {"to": "b"}}),
        p("b", attrs={"future": True}),
    )
    comes_back(document)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"type": "doc"},
        {"type": "doc", "content": None},
        doc({"type": "paragraph", "content": "x"}),
        doc({"type": "paragraph", "content": [None, 1]}),
        doc({"type": "heading"}),
        doc({"type": "table", "content": [{"type": "tableRow"}]}),
        doc({"type": "bulletList", "content": [p("not an item")]}),
        doc({"type": 7}),
        doc({"type": "mediaSingle", "content": []}),
        doc(p({"type": "text", "text": 5})),
        doc(p(t("x", {"type": "link"}))),
        doc({"type": "heading", "attrs": {"level": float("nan")}}),
    ],
)
def test_a_broken_document_is_still_written(document: Node) -> None:
    assert isinstance(to_markdown(document), str)
    assert isinstance(to_markdown(document, opaque="reference"), str)


def test_what_xml_has_no_character_for_becomes_a_replacement_character() -> None:
    assert to_markdown(doc(p("a\ud800b\0\x1b"))) == "a\ufffdb\ufffd\ufffd"
    assert from_markdown("a\ud800b") == doc(p("a\ufffdb"))
