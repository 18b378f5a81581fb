"""The page on the dialect is true: its examples are read and written again."""

import re
from pathlib import Path

import pytest

from telamon.adf import from_markdown, model, to_markdown, values

PAGE = (Path(__file__).parents[2] / "docs" / "content.md").read_text()
EXAMPLES = re.findall(r"^(`{3,4})markdown( complete)?\n(.*?)\n\1$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("_fence", "complete", "example"), EXAMPLES)
def test_an_example_comes_back_as_it_stands(_fence: str, complete: str, example: str) -> None:
    document = from_markdown(example, trusted=True)
    assert to_markdown(document, opaque="inline" if complete else "reference") == example


def test_the_examples_are_found() -> None:
    assert len(EXAMPLES) >= 6


@pytest.mark.parametrize("name", sorted(model.TYPES - {"doc", "text", "media"} | set(values.MARKS)))
def test_every_node_and_mark_is_on_the_page(name: str) -> None:
    listed = {"listItem", "tableRow", "tableCell", "tableHeader", "taskItem", "decisionItem"}
    macros = {"extension", "bodiedExtension", "inlineExtension", "syncBlock", "bodiedSyncBlock"}
    by_key = {
        "alignment": "align=",
        "indentation": "indent=",
        "fontSize": "font=",
        "border": "border=",
    }
    by_key |= {"breakout": "breakout=", "fragment": "fragment=", "dataConsumer": "sources="}
    by_key |= {"blockTaskItem": "{block "}
    assert name in listed | macros or by_key.get(name, name) in PAGE
