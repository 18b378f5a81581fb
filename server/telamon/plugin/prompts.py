"""Declare a prompt: a coroutine that writes the opening messages of a task people really do."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel

from telamon.plugin.content import Message
from telamon.plugin.names import camel
from telamon.plugin.resources import Complete
from telamon.plugin.scopes import Scope
from telamon.plugin.signature import read_signature

ClientT = TypeVar("ClientT")
Written = str | Sequence[Message]


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt(Generic[ClientT]):
    """A prompt with string arguments, as MCP has them."""

    name: str
    title: str
    description: str
    scopes: frozenset[Scope]
    arguments: type[BaseModel] = field(repr=False)
    complete: Mapping[str, Complete[ClientT]] = field(repr=False)
    run: Callable[..., Awaitable[Written]] = field(repr=False)
    faults: tuple[str, ...] = ()

    async def write(self, client: ClientT, arguments: Mapping[str, str]) -> Written:
        """Check *arguments* and write the messages (raises like :meth:`Tool.call`)."""
        checked = self.arguments.model_validate(dict(arguments))
        values = {name: getattr(checked, name) for name in self.arguments.model_fields}
        return await self.run(client, **values)


def prompt(
    *scopes: Scope,
    title: str,
    name: str | None = None,
    complete: Mapping[str, Complete[ClientT]] | None = None,
) -> Callable[[Callable[..., Awaitable[Written]]], Prompt[ClientT]]:
    """Turn ``async def triage_issue(jira, *, key: str)`` into the prompt ``triageIssue``."""

    def declare(run: Callable[..., Awaitable[Written]]) -> Prompt[ClientT]:
        signature = read_signature(run)
        faults = list(signature.faults)
        if signature.takes_call:
            faults.append("takes a Call, which only tools get")
        if not inspect.getdoc(run):
            faults.append("has no docstring")
        if not scopes:
            faults.append("declares no scope")
        return Prompt(
            name=name or camel(getattr(run, "__name__", "")),
            title=title,
            description=inspect.getdoc(run) or "",
            scopes=frozenset(scopes),
            arguments=signature.arguments,
            complete=dict(complete or {}),
            run=run,
            faults=tuple(faults),
        )

    return declare
