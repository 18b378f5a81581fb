"""Nothing that a renderer would fetch unasked comes out of a document, whoever wrote into it.

It is a plain CommonMark renderer with HTML and tables, which knows nothing of the dialect.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from adf.documents import Node, documents
from adf.profiles import cases
from adf.test_round_trip import comes_back, doc, link, p, t
from hypothesis import given
from markdown_it import MarkdownIt
from markdown_it.token import Token

from telamon.adf import apply_edit, from_markdown, to_markdown

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = re.compile(r"</?(?:u|sub|sup|strong|em|s|code|details|summary)>|<br>|<p></p>")
HTML = re.compile(r"<[A-Za-z/!?]")
HOST = "https://collector.example"


def tokens(markdown: str) -> Iterator[Token]:
    env: dict[str, Any] = {}
    for token in RENDERER.parse(markdown, env):
        yield token
        yield from token.children or []
    assert not env.get("references"), "a definition: it could give any text an address"


def fetched(markdown: str) -> list[str]:
    """What the renderer would fetch, or pass on as HTML that the dialect does not have."""
    found: list[str] = []
    for token in tokens(markdown):
        if token.type == "image" and not str(token.attrs["src"]).startswith("media:"):
            found.append(str(token.attrs["src"]))
        if token.type in ("html_inline", "html_block") and HTML.search(OURS.sub("", token.content)):
            found.append(token.content)
    return found


def picture(url: str = f"{HOST}/p.png", alt: str = "A chart", *marks: Node) -> Node:
    made: Node = {"type": "media", "attrs": {"type": "external", "url": url, "alt": alt}}
    return made | ({"marks": list(marks)} if marks else {})


def single(*children: Node) -> Node:
    return {"type": "mediaSingle", "attrs": {"layout": "center"}, "content": list(children)}


@pytest.mark.row("SEC-I16")
def test_a_picture_elsewhere_is_a_link_with_a_label_and_comes_back() -> None:
    document = doc(single(picture()))
    text = comes_back(document)
    assert text == f"[A chart]({HOST}/p.png){{image}}"
    assert to_markdown(document, opaque="reference") == text
    assert fetched(text) == []
    assert fetched(f"![A chart]({HOST}/p.png)") == [f"{HOST}/p.png"]


@pytest.mark.row("SEC-I16")
@pytest.mark.parametrize(
    "block",
    [
        single(picture(alt="")),
        single(picture(alt="x](y) ![z](//w)")),
        single(picture(alt="a" * 2000)),
        single(picture(alt="line\nline <img src=//h/p>")),
        single(picture("", "nowhere")),
        single(picture("media:f1", "looks stored")),
        single(picture(f"{HOST}/a b?q=![x](//y)", "odd address")),
        single(picture(f"{HOST}/p.png", "linked", link("https://example.com/a_b", title="T"))),
        single(picture(), {"type": "caption", "content": [t("the *chart*")]}),
        {"type": "mediaGroup", "content": [picture(), picture(f"{HOST}/q.png", "")]},
        {"type": "bulletList", "content": [{"type": "listItem", "content": [single(picture())]}]},
    ],
    ids=str,
)
def test_every_picture_elsewhere_comes_back_and_is_fetched_by_nobody(block: Node) -> None:
    for document in (doc(block), doc(p("wow!"), block, p("(really)"))):
        assert fetched(comes_back(document)) == []
        short = to_markdown(document, opaque="reference")
        assert fetched(short) == []
        assert apply_edit(document, short + "\n\n[none]: x") == document


@pytest.mark.row("SEC-I16")
def test_the_usual_spelling_of_a_picture_is_still_read() -> None:
    assert from_markdown(f"![A chart]({HOST}/p.png)") == doc(single(picture()))
    linked = from_markdown(f"[![A chart]({HOST}/p.png)](https://example.com)")
    assert linked == doc(single(picture(f"{HOST}/p.png", "A chart", link("https://example.com"))))


def test_a_file_that_atlassian_stores_keeps_the_usual_spelling() -> None:
    stored = {"type": "media", "attrs": {"type": "file", "id": "f1", "collection": "", "alt": "a"}}
    assert comes_back(doc(single(stored))) == "![a](media:f1)"


HOSTILE = [
    f"![x]({HOST}/p.png)",
    f"![x](<{HOST}/p.png> 'title')",
    "![x][evil]",
    "![evil][]",
    "![evil]",
    f"[evil]: {HOST}/p.png",
    f"[evil]:\n{HOST}/p.png",
    f"   [evil]: <{HOST}/p.png>",
    f"<{HOST}/p.png>",
    f"{HOST}/p.png",
    "www.collector.example/p.png",
    f"<img src={HOST}/p.png>",
    f'<IMG\nSRC="{HOST}/p.png"',
    f"<iframe src={HOST}",
    f"<style>@import url({HOST})</style>",
    f"<svg/onload=fetch('{HOST}')>",
    f"<!-- --><link rel=icon href={HOST}>",
    f"<?x?><![CDATA[<img src={HOST}>]]>",
    f"</p><img src={HOST}>",
    f"&lt;img src={HOST}&gt;",
    f"&#33;[x]({HOST})",
    f"\\![x]({HOST})",
    f"\\<img src={HOST}>",
    f"`![x]({HOST})`",
    f"` ![x]({HOST})",
]


def holders(text: str) -> Iterator[Node]:
    """Documents that hold the text in every place that a person may fill."""
    line = t(text)
    yield p(line)
    yield p(t("!"), t(text, "strong"), t(text, "code"), {"type": "hardBreak"}, line)
    yield p(t("x", {"type": "textColor", "attrs": {"color": "#ff0000"}}), line)
    yield p(t(text, link("https://example.com", title=text)), line)
    yield {"type": "heading", "attrs": {"level": 2}, "content": [line]}
    yield {"type": "codeBlock", "attrs": {"language": text}, "content": [t(f"```\n{text}")]}
    yield {"type": "panel", "attrs": {"panelType": "custom", "panelIcon": text, "panelColor": text},
           "content": [p(line)]}  # fmt: skip
    yield {"type": "expand", "attrs": {"title": text}, "content": [p(line)]}
    nested: Node = {"type": "bulletList", "content": [{"type": "listItem", "content": [p(line)]}]}
    for before in (p(), p({"type": "hardBreak"}), p("a")):
        yield {"type": "bulletList", "content": [{"type": "listItem", "content": [before, nested]}]}
    for item in ("taskItem", "decisionItem"):
        holder = item.replace("Item", "List")
        state = {"localId": "i", "state": "TODO" if item == "taskItem" else "DECIDED"}
        yield {"type": holder, "attrs": {"localId": "l"},
               "content": [{"type": item, "attrs": state, "content": [line]}]}  # fmt: skip
    for inside in ([p(line)], [p(line), p(line)]):
        cell = {"type": "tableCell", "attrs": {"background": text}, "content": inside}
        yield {"type": "table", "content": [{"type": "tableRow", "content": [cell]}]}
    yield p({"type": "mention", "attrs": {"id": text, "text": f"@{text}"}}, line)
    yield p({"type": "status", "attrs": {"text": text, "color": "neutral", "style": text}}, line)
    yield p({"type": "placeholder", "attrs": {"text": text}}, line)
    yield p({"type": "date", "attrs": {"timestamp": text}}, line)
    yield p({"type": "emoji", "attrs": {"shortName": ":x:", "text": text, "id": text}}, line)
    yield p({"type": "emoji", "attrs": {"shortName": text}}, line)
    yield p({"type": "inlineCard", "attrs": {"url": text}}, line)
    macro = {"extensionKey": text, "extensionType": text, "text": text, "parameters": {text: text}}
    yield p({"type": "inlineExtension", "attrs": macro}, line)
    yield {"type": "extension", "attrs": macro}
    yield {"type": "bodiedExtension", "attrs": macro, "content": [p(line)]}
    stored = {"type": "file", "id": text, "collection": text, "alt": text}
    yield single({"type": "media", "attrs": stored}, {"type": "caption", "content": [line]})
    yield {"type": "strange", "attrs": {"text": text}, "content": [p(line)]}


@pytest.mark.row("SEC-I16")
@pytest.mark.row("SEC-I17")
@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_looks_like_something_to_fetch_stays_text(text: str) -> None:
    for block in holders(text):
        for document in (doc(block), doc(block, p(t(text)), block)):
            assert fetched(comes_back(document)) == [], block
            assert fetched(to_markdown(document, opaque="reference")) == [], block


@pytest.mark.row("SEC-I17")
@pytest.mark.parametrize("text", [one for one in HOSTILE if "\n" not in one])
def test_text_is_shown_as_it_is_by_a_renderer(text: str) -> None:
    inline = [token for token in tokens(to_markdown(doc(p(text)))) if token.type != "inline"]
    assert {token.type for token in inline} <= {"paragraph_open", "text", "text_special"} | {
        "paragraph_close"
    }
    shown = "".join(token.content for token in inline if token.type.startswith("text"))
    assert shown == text


@pytest.mark.row("SEC-I17")
@cases(100)
@given(documents(4))
def test_no_document_holds_anything_to_fetch(document: Node) -> None:
    assert fetched(to_markdown(document)) == []
    assert fetched(to_markdown(document, opaque="reference")) == []
