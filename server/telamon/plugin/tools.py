"""Declare a tool: a typed coroutine, and beside it the scopes it needs."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from pydantic import BaseModel

from telamon.plugin.call import Call
from telamon.plugin.names import TOOL_NAME, camel
from telamon.plugin.schema import input_schema
from telamon.plugin.scopes import Access, Scope
from telamon.plugin.signature import read_signature

ClientT = TypeVar("ClientT")
P = ParamSpec("P")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool(Generic[ClientT]):
    """A coroutine that a model may call, with everything the server must know about it.

    Attributes:
        name: The name on the wire, e.g. ``getJiraIssue``.
        title: A few words for people.
        description: What it does and when another tool is better, for the model.
        scopes: Atlassian scopes; all of them are needed.
        access: ``read``, ``write``, ``delete`` or ``manage``; policy and annotations follow it.
        group: The toolset it belongs to within its product, e.g. ``issues``.
        destructive: It may remove or overwrite what was there (MCP ``destructiveHint``).
        idempotent: Calling it again with the same arguments changes nothing more.
        listed: Whether a connection that asked for nothing special lists it.
        schema: JSON Schema of the arguments.
        faults: What is wrong with the declaration; empty in a tool that can be served.
    """

    name: str
    title: str
    description: str
    scopes: frozenset[Scope]
    access: Access
    group: str
    destructive: bool
    idempotent: bool
    listed: bool
    arguments: type[BaseModel] = field(repr=False)
    schema: Mapping[str, Any] = field(repr=False)
    takes_call: bool = field(repr=False)
    run: Callable[..., Awaitable[object]] = field(repr=False)
    faults: tuple[str, ...] = ()

    async def call(self, client: ClientT, call: Call, arguments: Mapping[str, Any]) -> object:
        """Check *arguments* and run the tool.

        Raises:
            pydantic.ValidationError: The arguments do not fit the schema; the tool did not run.
            ToolError: The tool says why it failed.
        """
        checked = self.arguments.model_validate(dict(arguments))
        values = {name: getattr(checked, name) for name in self.arguments.model_fields}
        positional = (client, call) if self.takes_call else (client,)
        return await self.run(*positional, **values)


def tool(
    *scopes: Scope,
    access: Access,
    group: str,
    title: str,
    name: str | None = None,
    destructive: bool | None = None,
    idempotent: bool | None = None,
    listed: bool = True,
) -> Callable[[Callable[Concatenate[ClientT, P], Awaitable[object]]], Tool[ClientT]]:
    """Turn ``async def get_jira_issue(jira, *, ...)`` into the tool ``getJiraIssue``.

    The first parameter is the product's client; a second positional one annotated ``Call`` gets the
    running call; keyword-only ones are the model's. Annotations make the schema, the docstring the
    description. Without *destructive* only ``delete`` tools are; without *idempotent* reads and
    deletions are.
    """

    def declare(
        run: Callable[Concatenate[ClientT, P], Awaitable[object]],
    ) -> Tool[ClientT]:
        signature = read_signature(run)
        wire_name = name or camel(getattr(run, "__name__", ""))
        description = inspect.getdoc(run) or ""
        faults = list(signature.faults)
        if not TOOL_NAME.fullmatch(wire_name):
            faults.append(f"has the name {wire_name!r}, which MCP does not allow")
        if not description:
            faults.append("has no docstring; the model would not know what it does")
        return Tool(
            name=wire_name,
            title=title,
            description=description,
            scopes=frozenset(scopes),
            access=access,
            group=group,
            destructive=access == "delete" if destructive is None else destructive,
            idempotent=access in ("read", "delete") if idempotent is None else idempotent,
            listed=listed,
            arguments=signature.arguments,
            schema=input_schema(signature.arguments),
            takes_call=signature.takes_call,
            run=run,
            faults=tuple(faults),
        )

    return declare
