"""Checking issues before they are created, against what the projects' create screens say."""

import asyncio
from typing import Any

from telamon.plugin import Forbidden, NotFound
from telamon_jira.client import Jira
from telamon_jira.tools.create_meta import fields_of, types_of
from telamon_jira.values import items, members

GIVEN_APART = frozenset({"project", "issuetype"})


async def problems_of(jira: Jira, values: list[dict[str, Any]]) -> list[list[str]]:
    """Return what is wrong with each of *values*, as far as can be known without creating them."""
    keys = list(dict.fromkeys(_project(fields) for fields in values))
    known = dict(zip(keys, await asyncio.gather(*(_types(jira, key) for key in keys)), strict=True))
    kinds: dict[tuple[str, str], str] = {}
    for fields in values:
        kind = known[_project(fields)].get(_type(fields).casefold())
        if kind:
            kinds[_project(fields), _type(fields).casefold()] = kind
    screens = dict(
        zip(
            kinds,
            await asyncio.gather(*(fields_of(jira, key, kinds[key, n]) for key, n in kinds)),
            strict=True,
        )
    )
    found: list[list[str]] = []
    for fields in values:
        key, name = _project(fields), _type(fields)
        types = known[key]
        if not types:
            found.append([f"There is no project {key} in which you may create issues."])
        elif name.casefold() not in types:
            found.append([f"Project {key} has no issue type {name!r}."])
        else:
            found.append(_compared(fields, screens[key, name.casefold()]))
    return found


def _project(fields: dict[str, Any]) -> str:
    named = members(fields["project"])
    return str(named.get("key") or named.get("id"))


def _type(fields: dict[str, Any]) -> str:
    return str(members(fields["issuetype"])["name"])


async def _types(jira: Jira, project: str) -> dict[str, str]:
    try:
        found = await types_of(jira, project)
    except (Forbidden, NotFound):
        return {}
    return {str(kind.get("name")).casefold(): str(kind.get("id")) for kind in found}


def _compared(fields: dict[str, Any], screen: dict[str, dict[str, Any]]) -> list[str]:
    unknown = [
        f"{name}: this type of issue has no such field."
        for name in fields
        if name not in screen and name not in GIVEN_APART
    ]
    missing = [
        f"{name} ({meta.get('name')}) is required."
        for name, meta in screen.items()
        if meta.get("required") and not meta.get("hasDefaultValue") and not fields.get(name)
    ]
    wrong = [
        f"{name}: {called!r} is not allowed."
        for name, value in fields.items()
        if name in screen and name not in GIVEN_APART
        for called in _strangers(value, items(screen[name].get("allowedValues")))
    ]
    return [*missing, *unknown, *wrong]


def _strangers(value: Any, allowed: list[Any]) -> list[str]:
    if not allowed:
        return []
    names = {
        str(members(choice).get(word)).casefold()
        for choice in allowed
        for word in ("id", "name", "value", "key")
        if members(choice).get(word)
    }
    chosen = [members(item) for item in (items(value) or [value])]
    called = [str(c.get("id") or c.get("name") or c.get("value") or c.get("key")) for c in chosen]
    return [word for word in called if word.casefold() not in names]
