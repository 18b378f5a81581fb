"""The form that tools show says what a reader needs, and apply_edit puts the rest back."""

import pytest
from adf.documents import Node
from adf.test_round_trip import doc, link, p, t

from telamon.adf import apply_edit, from_markdown, to_markdown


def shown(*inline: Node | str) -> str:
    document = doc(p(*inline))
    text = to_markdown(document, opaque="reference")
    assert apply_edit(document, text + "\n\n[no such label]: x") == document
    return text


def test_a_status_without_a_style_does_not_say_so() -> None:
    status: Node = {"type": "status", "attrs": {"text": "DONE", "color": "green", "style": ""}}
    assert shown(status) == ":status[DONE]{color=green}"
    assert to_markdown(doc(p(status))) == ':status[DONE]{color=green style=""}'
    updated = apply_edit(doc(p(status)), ":status[DONE]{color=red}")
    assert updated["content"][0]["content"][0]["attrs"]["style"] == ""


def dated(timestamp: str) -> Node:
    return {"type": "date", "attrs": {"timestamp": timestamp}}


def test_a_time_of_day_is_written_beside_its_day() -> None:
    text = ':date[2026-12-12]{timestamp="1797110969000"}'
    assert shown(dated("1797110969000")) == text
    assert from_markdown(text) == doc(p(dated("1797110969000")))
    assert from_markdown(":date[2026-12-12]") == doc(p(dated("1797033600000")))


def test_another_day_counts_more_than_the_time_that_was_left_beside_it() -> None:
    changed = from_markdown(':date[2026-12-13]{timestamp="1797110969000"}')
    assert changed == doc(p(dated("1797120000000")))


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ([t("Name: ", "strong"), "value"], "**Name:** value"),
        (["a", t(" b ", "em"), "c"], "a *b* c"),
        ([t("a ", "strong"), t("b", "strong", "em")], "**a _b_**"),
        (["a", t(" ", "strong"), "b"], "a b"),
        ([t("a ", "strong"), t("b ", "strong", "strike"), "c"], "**a ~~b~~** c"),
        ([t("see ", "strong", link("/x")), "y"], "[**see** ](/x)y"),
        ([t("a ", "strong"), {"type": "hardBreak"}, "b"], "**a** \\\nb"),
    ],
)
def test_spaces_stand_outside_of_marked_text(line: list[Node | str], text: str) -> None:
    assert shown(*line) == text


def test_a_bare_address_and_a_card_are_told_apart() -> None:
    url = "https://example.com/x"
    assert shown(t(url, link(url))) == url
    assert shown({"type": "inlineCard", "attrs": {"url": url}}) == f"[]({url})"


@pytest.mark.parametrize("name", ["jqlQuery", "cql"])
def test_a_macro_says_what_it_is_about(name: str) -> None:
    parameters = {"macroParams": {"server": {"value": "x"}, name: {"value": "project = DEMO"}}}
    attrs = {"extensionKey": "jira", "extensionType": "m", "parameters": parameters}
    document = doc({"type": "extension", "attrs": attrs})
    assert to_markdown(document, opaque="reference").split("\n")[1] == (
        "extension jira project = DEMO"
    )
    parameters["macroParams"][name]["value"] = "a" * 200
    said = to_markdown(document, opaque="reference").split("\n")[1]
    assert said == f"extension jira {'a' * 80}"
