import json
from pathlib import Path

import pytest
from adf.documents import SPECIAL, Node
from adf.profiles import cases
from adf.schema import SCHEMA
from adf.test_round_trip import doc, link, p, t
from hypothesis import given
from hypothesis import strategies as st

from telamon.adf import canonical, from_markdown, plain_text, to_markdown
from telamon.adf.reader import Profile

INPUTS = json.loads((Path(__file__).parent / "data" / "inputs.json").read_text())
GFM = json.loads((Path(__file__).parent / "data" / "gfm.json").read_text())
PIECES = st.sampled_from(
    [
        "\n",
        "\n\n",
        "    ",
        "\n> ",
        "\n- ",
        "\n1. ",
        "\n  - [ ] ",
        "\n:::",
        "layout",
        "table\n",
        "row\n",
        "td\n",
        "\n:::\n",
        "\n<details>\n",
        "\n</details>\n",
        "```adf\n",
        '{"type":"rule"}',
        '{"type":"listItem"}',
        "\n```\n",
        "| a | b |\n",
        '{"type":"media","attrs":{"type":"none"}}',
        '{"type":"tableRow","content":[]}',
        '{"type":"text","text":"x"}',
        "|---|:-:|\n",
        "{indent=2 font=small}",
        "{group}\n",
        "{li localId=1}",
        "![a](media:1)",
        "![a](http://x)",
        "{caption} c",
        "[](u){card}",
        "{block}",
        '[x](u "t")',
        "{layout=wide}",
        '{localId=""}',
        "{width=3 widthType=pixel}\n",
        ':adf["x","y"]',
        "ref=abc",
        ":::column {width=200}\n",
        ':::adf {"type":"panel"}\n',
        "{fragment=1}\n",
    ]
)
MARKDOWN = st.lists(SPECIAL | PIECES | st.text(max_size=5), max_size=30).map("".join)


@cases(200)
@given(MARKDOWN | st.text(), st.sampled_from(["confluence", "jira"]))
def test_any_text_is_a_valid_document_that_comes_back(text: str, profile: str) -> None:
    document = from_markdown(text, profile="jira" if profile == "jira" else "confluence")
    SCHEMA.validate(document)
    assert canonical(document) == document
    assert from_markdown(to_markdown(document)) == document


@pytest.mark.parametrize("text", INPUTS)
def test_each_construct_makes_a_valid_document(text: str) -> None:
    document = from_markdown(text)
    SCHEMA.validate(document)
    assert from_markdown(to_markdown(document)) == document


@pytest.mark.parametrize("profile", ["confluence", "jira"])
@pytest.mark.parametrize("text", GFM)
def test_each_form_that_gfm_adds_makes_a_valid_document(text: str, profile: Profile) -> None:
    document = from_markdown(text, profile=profile)
    SCHEMA.validate(document)
    assert from_markdown(to_markdown(document)) == document


def item(*blocks: Node) -> Node:
    return {"type": "listItem", "content": list(blocks)}


def bullets(*items: Node) -> Node:
    return {"type": "bulletList", "content": list(items)}


BOLD = {"type": "strong"}


def status(text: str, color: str) -> Node:
    return {"type": "status", "attrs": {"text": text, "color": color}}


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("", []),
        ("a\nb", [p("a b")]),
        ("a  \nb", [p("a", {"type": "hardBreak"}, "b")]),
        ("Title\n===", [{"type": "heading", "attrs": {"level": 1}, "content": [t("Title")]}]),
        ("2) x", [{"type": "orderedList", "attrs": {"order": 2}, "content": [item(p("x"))]}]),
        ("- a\n\n  b", [bullets(item(p("a"), p("b")))]),
        ("    code", [{"type": "codeBlock", "content": [t("code")]}]),
        ("<https://example.com>", [p(t("https://example.com", link("https://example.com")))]),
        ("<i>a</i> <b>", [p(t("a", "em"), " <b>")]),
        ("a <span>b</span>", [p("a <span>b</span>")]),
        (
            "[a]\n\n[a]: https://example.com 'T'",
            [p(t("a", link("https://example.com", title="T")))],
        ),
        ("**`a`**", [p(t("a", "code"))]),
        ("> # a", [{"type": "blockquote", "content": [p(t("a", "strong"))]}]),
        ("> > a", [{"type": "blockquote", "content": [p("a")]}]),
        ("- # a", [bullets(item(p(t("a", "strong"))))]),
        ("- a\n- ---\n- b", [bullets(item(p("a"))), {"type": "rule"}, bullets(item(p("b")))]),
        (
            "> [!note]\n> a",
            [{"type": "panel", "attrs": {"panelType": "info"}, "content": [p("a")]}],
        ),
        ("> [!nonsense]\n> a", [{"type": "blockquote", "content": [p("[!nonsense] a")]}]),
        ("</details>", [p("</details>")]),
        ("<summary>x</summary>", [p("<summary>x</summary>")]),
        ("{align=center}", [p("{align=center}")]),
        (":status[]", [p(":status[]")]),
        (":date[2026-02-31] :date[soon]", [p("2026-02-31 soon")]),
        (":date[1777593600000]", [p({"type": "date", "attrs": {"timestamp": "1777593600000"}})]),
        (":status[A]{color=Green}", [p(status("A", "green"))]),
        (":status[A]{color=orange}", [p(status("A", "neutral"))]),
        ("a\x1b[31mb\x0cc\uffff", [p("a\ufffd[31mb\ufffdc\ufffd")]),
        (
            "> [!TIP] Title\\\n> a\n> b",
            [
                {
                    "type": "panel",
                    "attrs": {"panelType": "tip"},
                    "content": [p("Title", {"type": "hardBreak"}, "a b")],
                }
            ],
        ),
        (
            "> [!info]- a `\n> b`",
            [
                {
                    "type": "panel",
                    "attrs": {"panelType": "info"},
                    "content": [p("a ", t(" b", "code"))],
                }
            ],
        ),
        (
            "**注意\uff1a**请看**\uff08表\uff09**。",
            [p(t("注意\uff1a", "strong"), "请看", t("\uff08表\uff09", "strong"), "。")],
        ),
        ("**note:**see", [p("**note:**see")]),
        (":::row", [p(":::row")]),
        (":::", [p(":::")]),
    ],
)
def test_markdown_becomes_its_equivalent(text: str, blocks: list[Node]) -> None:
    assert from_markdown(text) == doc(*blocks)


def test_a_table_in_a_list_item_follows_the_list_which_goes_on() -> None:
    document = from_markdown("1. a\n\n   | x |\n   |---|\n2. b")
    assert [block["type"] for block in document["content"]] == [
        "orderedList",
        "table",
        "orderedList",
    ]
    assert document["content"][2]["attrs"] == {"order": 2}


def test_a_picture_in_a_sentence_gets_a_block_of_its_own() -> None:
    document = from_markdown("a ![b](https://example.com/c.png) d")
    assert [block["type"] for block in document["content"]] == [
        "paragraph",
        "mediaSingle",
        "paragraph",
    ]


def test_tasks_and_other_items_make_lists_of_their_own() -> None:
    document = from_markdown("- [ ] a\n- b\n- [x] c\n  - [ ] d")
    assert [block["type"] for block in document["content"]] == [
        "taskList",
        "bulletList",
        "taskList",
    ]
    identifiers = {node["attrs"]["localId"] for node in document["content"][2]["content"]}
    assert len(identifiers) == 2


def test_the_same_text_makes_the_same_document() -> None:
    assert from_markdown("- [ ] a") == from_markdown("- [ ] a")


def test_jira_gets_the_contents_of_a_layout_without_the_layout() -> None:
    text = ":::layout\n:::column\nleft\n:::column\nright\n:::"
    assert from_markdown(text, profile="jira") == doc(p("left"), p("right"))
    assert from_markdown(text)["content"][0]["type"] == "layoutSection"


def test_plain_text_is_the_words_alone() -> None:
    assert plain_text(
        from_markdown("# A *b*\n\n- c\n- @[Ada Example](accountid:1) :status[D]")
    ) == ("A b\nc\n@Ada Example D")


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("| 1 | 2 | 3 | 4 |", [p("1"), p("2 | 3 | 4")]),
        ("1 | 2 | 3", [p("1"), p("2 | 3")]),
        ("| `a|b|c` | 2 |", [p(t("a|b|c", "code")), p("2")]),
        ("| 1 | `a|b` |", [p("1"), p(t("a|b", "code"))]),
        ("| `1 | 2 |", [p("`1"), p("2")]),
        ("| a\\|b | 2 | 3 |", [p("a|b"), p("2 | 3")]),
        ("| 1 | 2 | | |", [p("1"), p("2")]),
        ("| 1 | | 3 |", [p("1"), p("| 3")]),
    ],
)
@pytest.mark.parametrize("prefix", ["", "> ", "  "])
def test_no_cell_of_a_row_that_has_too_many_is_lost(
    prefix: str, row: str, cells: list[Node]
) -> None:
    text = "".join(f"{prefix}{line}\n" for line in ("| a | b |", "| - | - |", row))
    [table] = from_markdown(text)["content"]
    found = [cell["content"] for cell in table["content"][1]["content"]]
    assert found == [[{key: cell[key] for key in cell if cell[key]}] for cell in cells]
