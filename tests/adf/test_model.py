"""The tables of the content model say what the published schema says."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from adf.documents import Node
from adf.test_round_trip import WHOLE
from jsonschema import Draft4Validator

from telamon.adf import model, values
from telamon.adf.origin import walk
from telamon.adf.validity import valid

FULL = json.loads((Path(__file__).parent / "data" / "adf.schema.json").read_text())
SAMPLES: dict[str, Node] = {node["type"]: node for node in walk(WHOLE)}
DEFINITIONS = {"tableRow": "table_row", "tableCell": "table_cell", "tableHeader": "table_header"}
LOOSE = {"bodiedSyncBlock"}
"""The schema leaves open what marks its children carry, and how many columns a layout has."""


def by_schema(node: Node) -> bool:
    name = DEFINITIONS.get(node["type"], node["type"])
    name = {"mediaSingle": "mediaSingle_caption", "layoutSection": "layoutSection_full"}.get(name, name)
    reference = {"$ref": f"#/definitions/{name}_node", "definitions": FULL["definitions"]}
    return bool(Draft4Validator(reference).is_valid(node))


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


def variants() -> Iterator[tuple[str, Node]]:
    """Each attribute of each node, dropped, broken, and joined by one that is unknown."""
    for name, sample in SAMPLES.items():
        if "attrs" not in sample:
            continue
        bare = {key: value for key, value in sample.items() if key != "marks"}
        yield name, bare
        yield name, bare | {"attrs": sample["attrs"] | {"unknown": 1}}
        for key in sorted({each.removesuffix("!") for shape in values.NODES[name] for each in shape}):
            rest = {one: value for one, value in sample["attrs"].items() if one != key}
            yield name, bare | {"attrs": rest}
            for value in ("", "x", "wide", "#ff0000", 1, 2.5, -1, 101, True, [1], ["a"], {}, None, "1"):
                yield name, bare | {"attrs": rest | {key: value}}


def test_attributes_are_judged_as_by_the_schema() -> None:
    for name, node in variants():
        parent = next(one for one, children in model.CONTENT.items() if name in children)
        if name != "taskList":
            assert valid(node, parent) == by_schema(node), node


@pytest.mark.parametrize("parent", sorted(set(model.CONTENT) - LOOSE))
def test_marks_are_judged_as_by_the_schema(parent: str) -> None:
    marks = {mark["type"]: mark for node in walk(WHOLE) for mark in node.get("marks", [])}
    for child in sorted(model.CONTENT[parent] - {"caption"}):
        bare = {key: value for key, value in SAMPLES[child].items() if key != "marks"}
        for one in sorted(marks):
            for other in sorted(marks):
                found = [marks[one]] if one == other else [marks[one], marks[other]]
                whole = SAMPLES[parent] | {"content": [bare | {"marks": found}]}
                if parent in ("layoutSection",):
                    whole["content"] = [*whole["content"], bare]
                ours = valid(bare | {"marks": found}, parent)
                assert ours == by_schema({k: v for k, v in whole.items() if k != "marks"}), whole
