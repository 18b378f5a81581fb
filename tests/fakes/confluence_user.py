"""People who use the emulated Confluence through its tools, as a client would."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from fakes.confluence_api import EmulatedApi

from telamon.plugin import Person, Site
from telamon.plugin.testing import FakeCall
from telamon_confluence import register_product
from telamon_confluence.client import Confluence
from telamon_confluence.settings import ConfluenceSettings

ADA = Person(account_id="5b10a0000000000000000001", name="Ada Example", email="ada@example.com")
BEN = Person(account_id="5b10a0000000000000000002", name="Ben Example", email="ben@example.com")
FERRY = Site(
    cloud_id="11111111-1111-4111-8111-111111111111",
    url="https://ferry.example.com",
    name="Ferry",
)
SMALL = Site(
    cloud_id="22222222-2222-4222-8222-222222222222",
    url="https://small.example.com",
    name="Small",
)

PRODUCT = register_product()
TOOLS = {tool.name: tool for tool in PRODUCT.tools}
ALL_SCOPES = frozenset(scope.name for scope in PRODUCT.scopes)

PageId = Callable[[str], str]
"""The fixture that gives the id of a page, blog post or folder by its title."""


async def _at_once(seconds: float) -> None:
    """Pause for no time at all."""
    del seconds


@dataclass(kw_only=True)
class User:
    """A person at one site, calling tools by their names on the wire."""

    api: EmulatedApi
    progress: FakeCall = field(default_factory=FakeCall)
    settings: ConfluenceSettings = field(default_factory=ConfluenceSettings)

    @property
    def client(self) -> Confluence:
        client = PRODUCT.connect(self.api, self.settings)
        return replace(client, pause=_at_once)

    async def call(self, name: str, **arguments: object) -> object:
        """Call a tool with exactly the scopes that it declares."""
        tool = TOOLS[name]
        granted, self.api.scopes = self.api.scopes, frozenset(s.name for s in tool.scopes)
        try:
            return await tool.call(self.client, self.progress, arguments)
        finally:
            self.api.scopes = granted

    async def read(self, name: str, **arguments: object) -> dict[str, Any]:
        """Call a tool that answers with one JSON object."""
        answer = await self.call(name, **arguments)
        assert isinstance(answer, dict)
        return answer
