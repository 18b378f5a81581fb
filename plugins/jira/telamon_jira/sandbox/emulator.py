"""The emulated Jira itself: its operations over one state per site."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from telamon.plugin import Operation, SandboxRequest, SandboxResponse, World
from telamon_jira.sandbox import operations, seed
from telamon_jira.sandbox.operations import (
    attachments,
    boards,
    bulk,
    discussion,
    issues,
    links,
    people,
    projects,
    search,
    site,
    sprints,
)
from telamon_jira.sandbox.operations.routing import Handler
from telamon_jira.sandbox.problems import Refused
from telamon_jira.sandbox.state import SiteState
from telamon_jira.sandbox.view import View

GROUPS = (
    attachments,
    boards,
    bulk,
    discussion,
    issues,
    links,
    people,
    projects,
    search,
    site,
    sprints,
)
HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


@cache
def facts() -> Mapping[str, Mapping[str, Any]]:
    """Return scope alternatives and query names by operation, from Atlassian's documents."""
    text = files(operations).joinpath("facts.json").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, Any]] = json.loads(text)
    return found


def _snake(name: str) -> str:
    plain = HUMP.sub("_", name).lower()
    return "id_" if plain == "id" else plain


class JiraEmulator:
    """An emulated Jira, as :class:`telamon.plugin.Emulator` wants it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._states: dict[str, SiteState] = {}
        self.reset()
        self._operations = tuple(
            self._operation(name, handler)
            for group in GROUPS
            for name, handler in group.ROUTES.items()
        )

    @property
    def operations(self) -> Sequence[Operation]:
        """Every operation that is answered."""
        return self._operations

    def reset(self) -> None:
        """Go back to the first day's data."""
        self._states = {
            found.cloud_id: seed.site_state(self._world, number)
            for number, found in enumerate(self._world.sites)
        }

    def unreadable(self, problem: str) -> SandboxResponse:
        """Answer 400 in Jira's form."""
        return Refused(400, problem).response

    def _operation(self, name: str, handler: Handler) -> Operation:
        method, path = name.split(" ", 1)
        known = facts()[name]

        def handle(request: SandboxRequest, **path_parameters: str) -> SandboxResponse:
            view = View(
                world=self._world, state=self._states[request.site.cloud_id], request=request
            )
            named = {_snake(key): value for key, value in path_parameters.items()}
            try:
                return handler(view, **named)
            except Refused as refused:
                return refused.response

        return Operation(
            method=method,
            path=path,
            scopes=tuple(frozenset(needed) for needed in known["scopes"]),
            query=frozenset(known["query"]),
            handle=handle,
        )
