"""Declare a resource template: an address with holes, and the coroutine that reads it."""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from telamon.plugin.content import Embedded
from telamon.plugin.names import camel
from telamon.plugin.scopes import Scope
from telamon.plugin.signature import read_signature

ClientT = TypeVar("ClientT")

Complete = Callable[[ClientT, str, Mapping[str, str]], Awaitable[Sequence[str]]]
"""``async (client, typed so far, other arguments) -> suggestions``, at most 100 of them."""

HOLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource(Generic[ClientT]):
    """A resource template such as ``jira://{site}/issue/{key}``.

    ``{site}`` is always the first hole and is filled and checked by the server (a host name); the
    other holes are one path segment each and are handed to *run* as keyword arguments.
    """

    uri_template: str
    name: str
    title: str
    description: str
    media_type: str | None
    scopes: frozenset[Scope]
    complete: Mapping[str, Complete[ClientT]] = field(repr=False)
    run: Callable[..., Awaitable[str | Embedded]] = field(repr=False)
    faults: tuple[str, ...] = ()

    @property
    def holes(self) -> tuple[str, ...]:
        """The names in braces, in order, ``site`` first."""
        return tuple(HOLE.findall(self.uri_template))


def resource(
    uri_template: str,
    *scopes: Scope,
    title: str,
    media_type: str | None = "text/markdown",
    complete: Mapping[str, Complete[ClientT]] | None = None,
) -> Callable[[Callable[..., Awaitable[str | Embedded]]], Resource[ClientT]]:
    """Turn ``async def issue(jira, *, key: str)`` into a readable resource."""

    def declare(run: Callable[..., Awaitable[str | Embedded]]) -> Resource[ClientT]:
        signature = read_signature(run)
        wanted = set(signature.arguments.model_fields)
        holes = HOLE.findall(uri_template)
        faults = list(signature.faults)
        if holes[:1] != ["site"]:
            faults.append(f"has the template {uri_template!r}, which must begin with a {{site}}")
        if wanted != set(holes[1:]):
            faults.append(f"takes {sorted(wanted)} but its template has {sorted(holes[1:])}")
        if not inspect.getdoc(run):
            faults.append("has no docstring")
        if not scopes:
            faults.append("declares no scope")
        return Resource(
            uri_template=uri_template,
            name=camel(getattr(run, "__name__", "")),
            title=title,
            description=inspect.getdoc(run) or "",
            media_type=media_type,
            scopes=frozenset(scopes),
            complete=dict(complete or {}),
            run=run,
            faults=tuple(faults),
        )

    return declare


def read_arguments(uri: str, template: str) -> dict[str, Any] | None:
    """Return the holes of *template* as *uri* fills them, still percent-encoded, or ``None``."""
    pattern = "".join(
        f"(?P<{part[1:-1]}>[^/?#]+)" if HOLE.fullmatch(part) else re.escape(part)
        for part in re.split(r"(\{\w+\})", template)
    )
    found = re.fullmatch(pattern, uri)
    return found.groupdict() if found else None
