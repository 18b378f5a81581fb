"""What every Jira tool gets first: the connection, the settings, and addresses on the site."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from telamon.plugin import Api
from telamon_jira.settings import JiraSettings

Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Jira:
    """One user's Jira on one site. ``pause`` waits the given seconds between two polls."""

    api: Api
    settings: JiraSettings
    pause: Pause = asyncio.sleep

    def browse(self, key: str) -> str:
        """Return the browser address of issue or project *key*."""
        return f"{self.api.site.url}/browse/{quote(key, safe='')}"

    def page(self, id_or_key: str) -> str | None:
        """Return an issue's browser address, or ``None``: there is none for a numeric id."""
        return None if id_or_key.isdigit() else self.browse(id_or_key)

    def ari(self, kind: str, identifier: str) -> str:
        """Return the Atlassian resource identifier of a Jira thing on this site."""
        return f"ari:cloud:jira:{self.api.site.cloud_id}:{kind}/{identifier}"

    def resource(self, kind: str, identifier: str) -> str:
        """Return the address under which our own resource templates serve a thing."""
        return f"jira://{urlsplit(self.api.site.url).hostname}/{kind}/{identifier}"


def connect(api: Api, settings: JiraSettings) -> Jira:
    """Build the client for one call."""
    return Jira(api=api, settings=settings)
