import json

import pytest
from adf.schema import SCHEMA
from adf.test_round_trip import MACRO, doc, p

from telamon.adf import TooDeep, TooLarge, apply_edit, from_markdown, to_markdown
from telamon.adf.origin import walk
from telamon.adf.validity import MAX_CHARACTERS, valid


@pytest.mark.row("SEC-I14")
@pytest.mark.parametrize(
    "text",
    [
        f"```adf\n{json.dumps(MACRO)}\n```",
        ':adf{"type":"inlineExtension","attrs":{"extensionKey":"k","extensionType":"e"}}',
        ':::adf {"type":"bodiedExtension","attrs":{"extensionKey":"k","extensionType":"e"}}\n:::',
        '```adf\n{"type":"syncBlock","attrs":{"resourceId":"r","localId":"l"}}\n```',
        '```adf\n{"type":"blockquote","content":[' + json.dumps(MACRO) + "]}\n```",
        '```adf\n{"type":"wormhole"}\n```',
    ],
)
def test_text_alone_makes_no_macro_and_nothing_unknown(text: str) -> None:
    document = from_markdown(text)
    SCHEMA.validate(document)
    assert not {node["type"] for node in walk(document)} & {
        "extension",
        "bodiedExtension",
        "inlineExtension",
        "syncBlock",
        "wormhole",
    }
    assert from_markdown(text, trusted=True) != document


@pytest.mark.row("SEC-I14")
def test_a_macro_of_the_original_may_be_kept_but_not_be_changed() -> None:
    original = doc(MACRO)
    same = f"```adf\n{json.dumps(MACRO)}\n```"
    assert from_markdown(same, original=original)["content"] == [MACRO]
    assert from_markdown(f"{{extensionKey=include}}\n{same}", original=original)["content"] == [
        MACRO
    ]
    changed = from_markdown(same.replace("toc", "include"), original=original)
    assert changed["content"][0]["type"] == "codeBlock"


@pytest.mark.row("SEC-I13")
@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JavaScript:x",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc",
        "java\tscript:x",
    ],
)
def test_dangerous_addresses_are_text(address: str) -> None:
    for text in (
        f"[x](<{address}>)",
        f"<{address}>",
        f"[x][y]\n\n[y]: <{address}>",
        f"[](<{address}>)",
    ):
        assert not any("marks" in node for node in walk(from_markdown(text)))
        assert {node["type"] for node in walk(from_markdown(text))} <= {"doc", "paragraph", "text"}
    assert from_markdown(f"![x](<{address}>)")["content"][0]["type"] == "paragraph"


def deep(levels: int) -> dict[str, object]:
    block: dict[str, object] = p("x")
    for _ in range(levels):
        block = {"type": "bulletList", "content": [{"type": "listItem", "content": [block]}]}
    return doc(block)


@pytest.mark.row("SEC-I13")
def test_a_document_of_5000_levels_is_refused() -> None:
    for work in (to_markdown, lambda document: apply_edit(document, "x")):
        with pytest.raises(TooDeep):
            work(deep(5_000))


def test_a_document_deeper_than_markdown_goes_still_comes_back() -> None:
    document = deep(45)
    assert from_markdown(to_markdown(document)) == document


@pytest.mark.row("SEC-I13")
def test_too_much_text_is_refused() -> None:
    with pytest.raises(TooLarge):
        from_markdown("a" * (MAX_CHARACTERS + 1))
    with pytest.raises(TooLarge):
        to_markdown(doc(p("a" * (MAX_CHARACTERS + 1))))


@pytest.mark.row("SEC-I13", "SEC-J12")
@pytest.mark.parametrize(
    "piece",
    [
        ">",
        "> ",
        "- ",
        "1. ",
        "[",
        "![",
        "*",
        "_a ",
        "`",
        "<details>\n",
        ":::layout\n",
        ":::table\n:::td\n",
        "[x](",
        "<u>",
        ':adf{"a":[',
        "{block}\n",
        "| a ",
        "- [ ] a\n  ",
    ],
)
def test_hostile_repetition_is_read_and_written(piece: str) -> None:
    document = from_markdown(piece * 1500)
    assert all(valid(block, "doc") for block in document["content"])
    assert isinstance(to_markdown(document), str)
