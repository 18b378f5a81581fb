"""JSON Schema for a model's arguments: as short as it can be and still exact."""

from typing import Any, cast

from pydantic import BaseModel

_NULL = {"type": "null"}


def input_schema(arguments: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of *arguments*, without generated titles and null branches.

    A parameter that may be left out is not in ``required``; that is the only way to leave it out,
    so ``null`` is neither offered nor needed.
    """
    schema: dict[str, Any] = _compact(arguments.model_json_schema(by_alias=True))
    schema.pop("description", None)
    return {"type": "object", "properties": schema.pop("properties", {}), **schema}


def _compact(node: Any, *, names: bool = False) -> Any:
    if isinstance(node, list):
        return [_compact(item) for item in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    members = cast("dict[str, Any]", node)
    if names:
        return {name: _compact(value) for name, value in members.items()}
    kept: dict[str, Any] = {
        key: _compact(value, names=key in ("properties", "$defs"))
        for key, value in members.items()
        if key != "title" and not (key == "default" and value is None)
    }
    branches = kept.get("anyOf")
    if branches and _NULL in branches:
        branches = [branch for branch in branches if branch != _NULL]
        kept.pop("anyOf")
        kept = {**branches[0], **kept} if len(branches) == 1 else {**kept, "anyOf": branches}
    return kept
