"""What Jira's screens ask for: the fields of create, edit and transition metadata, made compact."""

from typing import Any

from telamon_jira import compact
from telamon_jira.values import filled, items, members

ALLOWED_SHOWN = 50
"""How many allowed values of a field are shown; a project can have hundreds of versions."""


def step(found: dict[str, Any]) -> dict[str, Any]:
    """Return a step of a workflow: where it leads, and the fields it asks for."""
    return filled(
        id=found.get("id"),
        name=found.get("name"),
        to=compact.status(found.get("to")),
        unavailable=True if found.get("isAvailable") is False else None,
        fields={
            name: asked_field(members(meta)) for name, meta in members(found.get("fields")).items()
        },
    )


def asked_field(meta: dict[str, Any]) -> dict[str, Any]:
    """Return what a field of a screen wants: its name, type, and the values it allows."""
    allowed = items(meta.get("allowedValues"))
    return filled(
        name=meta.get("name"),
        required=True if meta.get("required") else None,
        type=type_of(members(meta.get("schema"))),
        hasDefault=True if meta.get("hasDefaultValue") else None,
        allowed=[allowed_value(value) for value in allowed[:ALLOWED_SHOWN]],
        allowedTotal=len(allowed) if len(allowed) > ALLOWED_SHOWN else None,
    )


def type_of(schema: dict[str, Any]) -> str | None:
    """Return the type of a field's values, of a list's the type of what is in it as well."""
    kind = schema.get("type")
    return f"{kind} of {schema.get('items')}" if kind == "array" else kind


def allowed_value(value: Any) -> Any:
    """Return an allowed value by the word with which it is set."""
    found = members(value)
    return found.get("name") or found.get("value") or found.get("key") or compact.anything(value)
