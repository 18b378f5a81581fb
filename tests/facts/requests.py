"""Check a request against what Atlassian documents: ``check`` says what is wrong, in sentences."""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft4Validator

Fact = dict[str, Any]
Values = str | Sequence[str]
UNTYPED = "jira", "PUT", "/rest/api/3/issue/{issueIdOrKey}/assignee"
"""Its text says that a null accountId unassigns; its schema does not allow null."""


@cache
def operations() -> tuple[Fact, ...]:
    """The derived table; see ``derive``."""
    return tuple(json.loads(Path(__file__).with_name("operations.json").read_text()))


def find(product: str, method: str, path: str) -> Fact | None:
    """Return the operation of *path*, percent-encoded as on the wire; literals beat parameters."""
    given = [unquote(segment) for segment in path.split("/")]
    found = [
        (template.count("{"), fact)
        for fact in operations()
        if fact["product"] == product and fact["method"] == method
        for template in (fact["path"],)
        if _fits(template.split("/"), given)
    ]
    return min(found, key=lambda entry: entry[0])[1] if found else None


def check(
    product: str,
    method: str,
    path: str,
    query: Mapping[str, Values] | None = None,
    body: Any = None,
) -> list[str]:
    """Return everything that is wrong with a request; nothing when it fits.

    *body* is the JSON, or a form as the sandbox records it: ``{"fields": …, "file": …}``.
    """
    fact = find(product, method, path)
    if fact is None:
        return [f"{product} has no operation {method} {path}"]
    problems = [f"{method} {path} is deprecated"] if fact.get("deprecated") else []
    problems += _query_problems(fact["query"], query or {})
    return problems + _body_problems(fact, body)


def scopes_allow(
    product: str, method: str, path: str, scopes: Collection[str], *, beta: bool = False
) -> bool:
    """Whether *scopes* are enough. The documents list alternatives, each of scopes that are all
    needed; the *beta* ones (granular scopes for classic APIs) count only when asked for."""
    fact = find(product, method, path)
    if fact is None:
        return False
    alternatives = [*fact["scopes"]["current"], *(fact["scopes"]["beta"] if beta else [])]
    return not alternatives or any(set(needed) <= set(scopes) for needed in alternatives)


def _fits(template: Sequence[str], path: Sequence[str]) -> bool:
    return len(template) == len(path) and all(
        bool(segment) if "{" in expected else expected == segment
        for expected, segment in zip(template, path, strict=True)
    )


def _query_problems(known: Mapping[str, Fact], query: Mapping[str, Values]) -> list[str]:
    problems = [f"query parameter {name} is missing" for name in _required(known) - set(query)]
    for name, values in query.items():
        if name not in known:
            problems.append(f"query parameter {name} is unknown")
            continue
        fact = known[name]
        given = [values] if isinstance(values, str) else list(values)
        if len(given) > 1 and fact.get("many") != "repeated":
            problems.append(f"query parameter {name} is repeated")
        if fact.get("many") == "joined":
            given = [part for value in given for part in value.split(",")]
        problems += [
            f"query parameter {name} is {value!r}, not {fact.get('enum', fact['type'])}"
            for value in given
            if not _is(fact, value)
        ]
    return problems


def _required(known: Mapping[str, Fact]) -> set[str]:
    return {name for name, fact in known.items() if fact.get("required")}


def _is(fact: Fact, value: str) -> bool:
    if "enum" in fact:
        return value in [str(allowed) for allowed in fact["enum"]]
    match fact["type"]:
        case "integer":
            return value.lstrip("-").isdigit()
        case "number":
            return value.lstrip("-").replace(".", "", 1).isdigit()
        case "boolean":
            return value in ("true", "false")
        case _:
            return True


def _body_problems(fact: Fact, body: Any) -> list[str]:
    known = fact["body"]
    if known is None:
        return [] if body is None else ["a body is not expected"]
    if body is None:
        return ["a body is required"] if known["required"] else []
    if "multipart" in known:
        sent = {*body.get("fields", {}), *(["file"] if "file" in body else [])}
        form = known["multipart"]
        return [
            *(f"form field {name} is missing" for name in sorted({*form["required"]} - sent)),
            *(f"form field {name} is unknown" for name in sorted(sent - {*form["fields"], "file"})),
        ]
    schema = known.get("schema", {})
    if (fact["product"], fact["method"], fact["path"]) == UNTYPED:
        schema = {}
    problems = [
        f"body {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
        for error in Draft4Validator(schema).iter_errors(body)
    ]
    named = schema.get("properties")
    if named and isinstance(body, dict) and not schema.get("additionalProperties"):
        problems += [f"body has the unknown name {name}" for name in sorted(set(body) - set(named))]
    return problems
