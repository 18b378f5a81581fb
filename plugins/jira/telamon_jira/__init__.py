"""Jira Cloud for Telamon: the product that the entry point ``jira`` brings."""

from telamon.plugin import Emulator, Product, World, hookimpl
from telamon_jira.client import Jira, connect
from telamon_jira.confining import CONTAINERS
from telamon_jira.finding import FETCH, SEARCH
from telamon_jira.prompts import PROMPTS
from telamon_jira.resources import RESOURCES
from telamon_jira.settings import JiraSettings
from telamon_jira.tools import TOOLS


async def health(jira: Jira) -> None:
    """Ask for one project, which every user of Jira may do."""
    await jira.api.get("/rest/api/3/project/search", {"maxResults": 1})


def emulated(world: World) -> Emulator:
    """Build the emulated Jira; imported here, so that production never loads it."""
    from telamon_jira.sandbox.emulator import JiraEmulator

    return JiraEmulator(world)


@hookimpl
def register_product() -> Product[JiraSettings, Jira]:
    """Declare Jira."""
    return Product(
        name="jira",
        title="Jira",
        gateway="jira",
        api_roots=("/rest/api/3", "/rest/agile/1.0", "/rest/software/1.0"),
        settings=JiraSettings,
        connect=connect,
        tools=TOOLS,
        resources=RESOURCES,
        prompts=PROMPTS,
        search=SEARCH,
        fetch=FETCH,
        health=health,
        sandbox=emulated,
        containers=CONTAINERS,
    )
