"""Confluence Cloud for Telamon."""

from telamon.plugin import Emulator, Product, World, hookimpl
from telamon_confluence.client import Confluence
from telamon_confluence.confining import CONTAINERS
from telamon_confluence.finding import FETCH, SEARCH
from telamon_confluence.prompts import page_from_issue, review_open_comments
from telamon_confluence.resources import confluence_attachment, confluence_page
from telamon_confluence.settings import ConfluenceSettings
from telamon_confluence.tools import TOOLS

__all__ = ["register_product"]


async def _health(confluence: Confluence) -> None:
    """Ask for one space: the cheapest request that shows that Confluence answers."""
    await confluence.api.get("/wiki/api/v2/spaces", {"limit": 1})


def _sandbox(world: World) -> Emulator:
    from telamon_confluence.sandbox import ConfluenceEmulator  # production never loads it

    return ConfluenceEmulator(world)


@hookimpl
def register_product() -> Product[ConfluenceSettings, Confluence]:
    """Declare Confluence: pages, blog posts, comments, spaces and search."""
    return Product(
        name="confluence",
        title="Confluence",
        gateway="confluence",
        api_roots=("/wiki/api/v2", "/wiki/rest/api"),
        settings=ConfluenceSettings,
        connect=lambda api, settings: Confluence(api=api, settings=settings),
        tools=TOOLS,
        resources=(confluence_page, confluence_attachment),
        prompts=(page_from_issue, review_open_comments),
        search=SEARCH,
        fetch=FETCH,
        health=_health,
        sandbox=_sandbox,
        containers=CONTAINERS,
    )
