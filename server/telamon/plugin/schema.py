"""JSON Schema for a model's arguments: as short as it can be and still exact."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from pydantic import BaseModel

_NULL = {"type": "null"}
_REF = "#/$defs/"


def input_schema(arguments: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of *arguments*, without generated titles and null branches.

    A parameter that may be left out is not in ``required``; that is the only way to leave it out,
    so ``null`` is neither offered nor needed. Definitions stand where they are used, because some
    clients do not follow ``$ref``; one that refers to itself stays a reference.
    """
    schema = arguments.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = schema.pop("$defs", {})
    compact: dict[str, Any] = _compact(schema, definitions, ())
    compact.pop("description", None)
    found = {"type": "object", "properties": compact.pop("properties", {}), **compact}
    if used := _referred(found):
        found["$defs"] = {
            name: _compact(definitions[name], definitions, (name,)) for name in sorted(used)
        }
    return found


def _compact(node: Any, definitions: Mapping[str, Any], inside: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_compact(item, definitions, inside) for item in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    members = cast("dict[str, Any]", node)
    name = str(members.get("$ref", "")).removeprefix(_REF)
    if name in definitions and name not in inside:
        rest = {key: value for key, value in members.items() if key != "$ref"}
        return _compact({**definitions[name], **rest}, definitions, (*inside, name))
    kept: dict[str, Any] = {}
    for key, value in members.items():
        if key == "title" or (key == "default" and value is None):
            continue
        if key == "properties":
            kept[key] = {n: _compact(v, definitions, inside) for n, v in value.items()}
        elif key == "const":
            # Some clients drop const; an enum of one says the same.
            kept["enum"] = [value]
        else:
            kept[key] = value if key == "default" else _compact(value, definitions, inside)
    return _without_null(kept)


def _without_null(kept: dict[str, Any]) -> dict[str, Any]:
    branches = kept.get("anyOf")
    if not branches or _NULL not in branches:
        return kept
    rest = [branch for branch in branches if branch != _NULL]
    others = {key: value for key, value in kept.items() if key != "anyOf"}
    return {**rest[0], **others} if len(rest) == 1 else {**others, "anyOf": rest}


def _referred(node: object) -> set[str]:
    """Return the names of the definitions that *node* refers to."""
    if isinstance(node, list):
        return _all(cast("list[object]", node))
    if not isinstance(node, dict):
        return set()
    members = cast("dict[str, object]", node)
    ref = members.get("$ref")
    own = {ref.removeprefix(_REF)} if isinstance(ref, str) else set[str]()
    return own | _all(members.values())


def _all(nodes: Iterable[object]) -> set[str]:
    return {name for node in nodes for name in _referred(node)}
