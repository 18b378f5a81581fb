"""Work grows no faster than the text: counted in calls, never in time."""

import json
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import pytest
from adf.test_round_trip import doc, p, t
from bench.texts import HOSTILE, page

from telamon.adf import TooDeep, apply_edit, attributes, from_markdown, to_markdown
from telamon.adf.validity import MAX_DEPTH, valid

SMALL = 1_200
TIMES = 4
SPARE = 1.35
"""How much more than four times the calls four times the text may take."""


def calls(work: Callable[[], object]) -> int:
    """How many functions, of Python and of C, the work calls."""
    count = 0

    def counting(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counting)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def grows_linearly(work: Callable[[str], object], make: Callable[[int], str]) -> None:
    work(make(SMALL))
    small, large = (calls(partial(work, make(size))) for size in (SMALL, TIMES * SMALL))
    assert large <= SPARE * TIMES * small, (small, large)


TEXTS = HOSTILE | {"an ordinary page": page}


@pytest.mark.row("SEC-I13")
@pytest.mark.parametrize("name", TEXTS)
def test_reading_takes_calls_in_proportion_to_the_text(name: str) -> None:
    grows_linearly(from_markdown, TEXTS[name])


@pytest.mark.row("SEC-I13")
@pytest.mark.parametrize("name", TEXTS)
def test_writing_takes_calls_in_proportion_to_the_text(name: str) -> None:
    grows_linearly(lambda text: to_markdown(doc(p(text))), TEXTS[name])
    made = [from_markdown(TEXTS[name](size)) for size in (SMALL, TIMES * SMALL)]
    small, large = (calls(partial(to_markdown, document)) for document in made)
    assert large <= SPARE * TIMES * small, (small, large)


@pytest.mark.row("SEC-I13")
def test_an_edit_takes_calls_in_proportion_to_the_text() -> None:
    def edit(text: str) -> object:
        document = from_markdown(text)
        return apply_edit(document, to_markdown(document, opaque="reference").replace("new", "old"))

    grows_linearly(edit, page)


@pytest.mark.row("SEC-I13")
@pytest.mark.parametrize("piece", [":adf{", ':adf{"', ':adf{"a":[', '[x]{color="', ':adf["a","'])
def test_json_that_fails_is_looked_at_only_as_far_as_it_goes(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[int] = []

    class Counting(json.JSONDecoder):
        def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
            looked_at.append(len(s))
            return super().raw_decode(s, idx)

    monkeypatch.setattr(attributes, "_DECODER", Counting())
    text = piece * 4_000
    from_markdown(text)
    assert looked_at
    assert max(looked_at) <= 2_048
    assert sum(looked_at) <= 2_048 * text.count(piece) * 2


def depth(node: dict[str, Any]) -> int:
    deepest, waiting = 0, [(node, 1)]
    while waiting:
        found, level = waiting.pop()
        deepest = max(deepest, level)
        waiting += [(child, level + 1) for child in found.get("content", [])]
    return deepest


@pytest.mark.row("SEC-I13")
@pytest.mark.parametrize(
    "text",
    [
        "> " * 5_000 + "word",
        "- " * 5_000 + "word",
        "1. " * 5_000 + "word",
        "> - " * 2_500 + "word",
        "<details>\n" * 5_000 + "word",
        ":::layout\n:::column\n" * 2_500 + "word",
        ":::table\n:::row\n:::td\n" * 1_700 + "word",
        "[" * 5_000 + "word" + "](b)" * 5_000,
        "![" * 5_000 + "word" + "](b)" * 5_000,
        "**a " * 5_000 + " b**" * 5_000,
        "<u>" * 5_000 + "word" + "</u>" * 5_000,
        ":adf" + "[" * 5_000 + "]" * 5_000,
        "```adf\n" + '{"type":"a","content":[' * 5_000 + "]}" * 5_000 + "\n```",
    ],
    ids=lambda text: text[:16],
)
def test_text_of_5000_levels_is_a_valid_document_of_few(text: str) -> None:
    document = from_markdown(text)
    assert all(valid(block, "doc") for block in document["content"])
    assert depth(document) <= MAX_DEPTH
    assert json.dumps(document).count("word") == text.count("word")
    assert from_markdown(to_markdown(document)) == document


@pytest.mark.row("SEC-I13")
def test_attributes_of_5000_levels_are_refused() -> None:
    parameters: Any = "x"
    for _ in range(5_000):
        parameters = {"a": [parameters]}
    attrs = {"extensionKey": "k", "extensionType": "e", "parameters": parameters}
    with pytest.raises(TooDeep):
        to_markdown(doc({"type": "extension", "attrs": attrs}))


def test_many_marks_and_comments_take_calls_in_proportion_to_them() -> None:
    def marked(count: int) -> dict[str, Any]:
        names = ("strong", "em", "strike", "underline")
        return doc(p(*(t(f"w{n}", names[n % 4], names[(n + 1) % 4]) for n in range(count))))

    small, large = (calls(partial(to_markdown, marked(n))) for n in (300, 300 * TIMES))
    assert large <= SPARE * TIMES * small
