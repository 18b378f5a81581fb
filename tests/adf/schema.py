"""Atlassian's schema as a validator that looks only at alternatives of the node's own type."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator, ValidationError
from jsonschema.validators import extend

FULL = json.loads((Path(__file__).parent / "data" / "adf.schema.json").read_text())


def _types(schema: Any) -> list[str] | None:
    """The values that `type` may have in this alternative, if it says."""
    if "$ref" in schema:
        return _types(FULL["definitions"][schema["$ref"].rpartition("/")[2]])
    for part in schema.get("allOf", ()):
        if (found := _types(part)) is not None:
            return found
    named: list[str] | None = schema.get("properties", {}).get("type", {}).get("enum")
    return named


def _any_of(
    validator: Any, alternatives: list[Any], instance: Any, _schema: Any
) -> Iterator[ValidationError]:
    own = instance.get("type") if isinstance(instance, dict) else None
    for alternative in alternatives:
        types = _types(alternative) if own is not None else None
        if types is not None and own not in types:
            continue
        if validator.evolve(schema=alternative).is_valid(instance):
            return
    yield ValidationError(f"{instance!r} is none of {alternatives}")


# jsonschema's own tries each alternative to its last error, which on nested tables takes seconds.
AdfValidator: Any = extend(  # type: ignore[no-untyped-call]  # not typed there
    Draft4Validator, {"anyOf": _any_of}
)
SCHEMA: Draft4Validator = AdfValidator(FULL)
