"""What a product plugin contributes, as one immutable value."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from telamon.plugin.api import Api
from telamon.plugin.containers import Containers
from telamon.plugin.finding import Fetch, Search
from telamon.plugin.prompts import Prompt
from telamon.plugin.resources import Resource
from telamon.plugin.sandbox import Emulator, World
from telamon.plugin.scopes import Scope, scopes_needed
from telamon.plugin.tools import Tool

SettingsT = TypeVar("SettingsT", bound=BaseModel)
ClientT = TypeVar("ClientT")


@dataclass(frozen=True, kw_only=True, slots=True)
class Product(Generic[SettingsT, ClientT]):
    """One Atlassian product: where it lives, what it may do, how to talk to it.

    Attributes:
        name: The plugin's entry-point name and settings section, e.g. ``jira``.
        title: The product's name for people.
        gateway: The path segment in ``https://api.atlassian.com/ex/<gateway>/<cloud id>``.
        api_roots: The path prefixes below that which the product's requests may begin with.
        settings: The model of ``[plugins.<name>]``; every field needs a default.
        connect: Builds the client that tools get as their first argument. Does no I/O.
        containers: What an operator may limit the product to; without it that is refused.
        health: A cheap request that raises when the product cannot be used; ``telamon check
            --account`` runs it.
        sandbox: Builds the product's part of the emulated Atlassian Cloud; import it in there, so
            that production never loads it.
    """

    name: str
    title: str
    gateway: str
    api_roots: tuple[str, ...]
    settings: type[SettingsT]
    connect: Callable[[Api, SettingsT], ClientT]
    tools: tuple[Tool[ClientT], ...] = ()
    resources: tuple[Resource[ClientT], ...] = ()
    prompts: tuple[Prompt[ClientT], ...] = ()
    search: Search[ClientT] | None = None
    fetch: Fetch[ClientT] | None = None
    containers: Containers | None = None
    health: Callable[[ClientT], Awaitable[None]] | None = field(default=None, repr=False)
    sandbox: Callable[[World], Emulator] | None = field(default=None, repr=False)

    @property
    def scopes(self) -> frozenset[Scope]:
        """Every scope that anything in this product needs."""
        found = [offer for offer in (self.search, self.fetch) if offer is not None]
        return scopes_needed([*self.tools, *self.resources, *self.prompts, *found])


AnyProduct = Product[Any, Any]
"""A product of whatever settings and client; where products of several plugins meet."""
