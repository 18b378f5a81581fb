"""The text of a document as people read it, and the passages that inline comments mark."""

from collections.abc import Mapping
from typing import Any

from telamon_confluence.sandbox.documents import (
    BLOCKS,
    Node,
    annotation,
    attributes_of,
    below,
    marks_of,
    walk,
)


def runs(document: Mapping[str, Any]) -> list[Node]:
    """Return the blocks of *document* that hold text directly."""
    return [node for node in walk(document) if node["type"] in BLOCKS]


def words(node: Mapping[str, Any]) -> str:
    """Return the text of one inline node."""
    attributes = attributes_of(node)
    if node["type"] == "hardBreak":
        return "\n"
    return str(node.get("text") or attributes.get("text") or "")


def plain(document: Mapping[str, Any]) -> str:
    """Return the whole text, a line for each block."""
    lines = ("".join(words(node) for node in below(run)) for run in runs(document))
    return "\n".join(line for line in lines if line)


def count(document: Mapping[str, Any], selection: str) -> int:
    """Return how often *selection* occurs in *document*."""
    return sum(_reads(run).count(selection) for run in runs(document))


def mark(document: Mapping[str, Any], selection: str, index: int, marker: str) -> None:
    """Put the annotation *marker* on occurrence *index* of *selection*, counted from 0."""
    for run in runs(document):
        here = _reads(run).count(selection)
        if index < here:
            start = -1
            for _ in range(index + 1):
                start = _reads(run).index(selection, start + 1)
            run["content"] = _marked(run["content"], start, start + len(selection), marker)
            return
        index -= here


def markers(document: Mapping[str, Any]) -> set[str]:
    """Return the annotations that are in *document*."""
    return {
        mark["attrs"]["id"]
        for node in walk(document)
        for mark in marks_of(node)
        if mark["type"] == "annotation"
    }


def _reads(run: Mapping[str, Any]) -> str:
    """Return the text of a block; anything that is no text counts as one unmatchable character."""
    return "".join(node.get("text") or "\ufffc" for node in below(run))


def _marked(content: list[Node], start: int, end: int, marker: str) -> list[Node]:
    result: list[Node] = []
    position = 0
    for node in content:
        value = node.get("text") or "\ufffc"
        first, last = max(start - position, 0), min(end - position, len(value))
        position += len(value)
        if first >= last or "text" not in node:
            result.append(node)
            continue
        marks = [*marks_of(node), annotation(marker)]
        pieces: list[Node] = [
            {**node, "text": value[:first]},
            {**node, "text": value[first:last], "marks": marks},
            {**node, "text": value[last:]},
        ]
        result += [piece for piece in pieces if piece["text"]]
    return result
