"""The tables of the content model say what the published schema says."""

import functools
from collections.abc import Iterator
from typing import Any

import pytest
from adf.documents import Node
from adf.schema import FULL, AdfValidator
from adf.test_round_trip import WHOLE
from jsonschema import Draft4Validator

from telamon.adf import model, values
from telamon.adf.origin import walk
from telamon.adf.validity import valid

SAMPLES: dict[str, Node] = {node["type"]: node for node in walk(WHOLE)}
DEFINITIONS = {
    "tableRow": "table_row",
    "tableCell": "table_cell",
    "tableHeader": "table_header",
    "mediaSingle": "mediaSingle_caption",
    "layoutSection": "layoutSection_full",
}
MARKED = frozenset(
    [
        "codeBlock",
        "expand",
        "extension",
        "heading",
        "media",
        "mediaInline",
        "paragraph",
        "text",
    ]
)
LOOSE = {"bodiedSyncBlock"}
"""The schema leaves open what marks its children carry, and how many columns a layout has."""


@functools.cache
def validator(name: str) -> Draft4Validator:
    reference = {"$ref": f"#/definitions/{name}_node", "definitions": FULL["definitions"]}
    found: Draft4Validator = AdfValidator(reference)
    return found


def by_schema(node: Node) -> bool:
    node_type: str = node["type"]
    name = DEFINITIONS.get(node_type, node_type)
    return bool(validator(name).is_valid(node))


def test_the_tables_have_the_nodes_and_marks_of_the_schema() -> None:
    kinds: set[str] = set()
    marks: set[str] = set()
    for name, definition in FULL["definitions"].items():
        for part in (definition, *definition.get("allOf", [])):
            for found in part.get("properties", {}).get("type", {}).get("enum", []):
                (marks if name.endswith("_mark") else kinds).add(found)
    assert kinds == model.TYPES
    assert marks == set(values.MARKS)
    assert kinds == set(values.NODES)


@pytest.mark.parametrize("parent", sorted(set(model.CONTENT) - {"mediaSingle", "layoutSection"}))
def test_a_parent_holds_what_the_schema_lets_it_hold(parent: str) -> None:
    holder = {key: value for key, value in SAMPLES[parent].items() if key != "marks"}
    for child in sorted(model.TYPES - {"doc"}):
        bare = {key: value for key, value in SAMPLES[child].items() if key != "marks"}
        whole = holder | {"content": [bare]}
        assert by_schema(whole) == (child in model.CONTENT[parent]), f"{child} in {parent}"


VALUES: tuple[Any, ...] = (
    "",
    "x",
    "wide",
    "#ff0000",
    1,
    2.5,
    -1,
    101,
    True,
    [1],
    ["a"],
    {},
    None,
    "1",
)


def variants() -> Iterator[tuple[str, Node]]:
    """Each attribute of each node, dropped, broken, and joined by one that is unknown."""
    for name, sample in SAMPLES.items():
        if "attrs" not in sample:
            continue
        bare = {key: value for key, value in sample.items() if key != "marks"}
        yield name, bare
        yield name, bare | {"attrs": sample["attrs"] | {"unknown": 1}}
        for key in sorted({each for shape in values.NODES[name] for each in shape.checks}):
            rest = {one: value for one, value in sample["attrs"].items() if one != key}
            yield name, bare | {"attrs": rest}
            for value in VALUES:
                yield name, bare | {"attrs": rest | {key: value}}


def test_attributes_are_judged_as_by_the_schema() -> None:
    for name, node in variants():
        parent = next(one for one, children in model.CONTENT.items() if name in children)
        if name != "taskList":
            assert valid(node, parent) == by_schema(node), node


@pytest.mark.parametrize(
    "parent",
    [one for one in sorted(set(model.CONTENT) - LOOSE) if model.CONTENT[one] & MARKED],
)
def test_marks_are_judged_as_by_the_schema(parent: str) -> None:
    marks = {mark["type"]: mark for node in walk(WHOLE) for mark in node.get("marks", [])}
    for child in sorted(model.CONTENT[parent] & MARKED):
        bare = {key: value for key, value in SAMPLES[child].items() if key != "marks"}
        if child in model.CONTENT_OPTIONAL:
            bare.pop("content", None)
        together = [[mark] for mark in marks.values()]
        together += [[marks["alignment"], marks["indentation"]], [marks["code"], marks["strong"]]]
        for found in together:
            marked = bare | {"marks": found}
            beside = [bare] if parent == "layoutSection" else []
            holder = {key: value for key, value in SAMPLES[parent].items() if key != "marks"}
            whole = holder | {"content": [marked, *beside]}
            assert valid(marked, parent) == by_schema(whole), (parent, child, found)
