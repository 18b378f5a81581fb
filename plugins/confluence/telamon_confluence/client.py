"""What every Confluence tool gets: the connection, the settings, and the look-ups tools share."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, TypeVar

from telamon.plugin import Api, Json, NotFound, Query, ToolError
from telamon_confluence.addresses import content_id, web_link
from telamon_confluence.answers import results, webui
from telamon_confluence.settings import ConfluenceSettings

ResultT = TypeVar("ResultT")

Kind = Literal["page", "blogpost"]
CommentKind = Literal["footer", "inline"]

COLLECTIONS: Mapping[Kind, str] = {"page": "pages", "blogpost": "blogposts"}
"""The REST API v2 collection of each kind of content that has a body."""

_log = logging.getLogger(__name__)


@contextmanager
def seeking_comment(kind: CommentKind, number: str) -> Generator[None, None, None]:
    """Say of a comment that is not found that it may be one of the other kind.

    Raises:
        NotFound: What is done with it says so.
    """
    try:
        yield
    except NotFound as error:
        other = "a footer" if kind == "inline" else "an inline"
        raise NotFound(
            f"There is no {kind} comment {number}, or this user may not see it; it may be {other} "
            "comment, which has its own list."
        ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Confluence:
    """One user's Confluence on one site."""

    api: Api
    settings: ConfluenceSettings
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    def link(self, item: Json) -> str | None:
        """Return the browser address of something that Confluence gave with its ``_links``."""
        return web_link(self.api.site, webui(item))

    def number(self, reference: str, *, folder: bool = False) -> str:
        """Return the id of the page or blog post, or *folder*, that an id or address names.

        Raises:
            InvalidArgument: It names none, or one of another site.
        """
        return content_id(reference, self.api.site, folder=folder)

    async def content(self, number: str, query: Query | None = None) -> tuple[Kind, Json]:
        """Read a page, or the blog post of that id where there is no such page.

        Raises:
            NotFound: There is neither.
        """
        return await self.under("page", number, "", query)

    async def under(
        self, first: Kind, number: str, rest: str, query: Query | None = None
    ) -> tuple[Kind, Json]:
        """GET ``/<collection>/{id}<rest>``, for a page and, failing that, for a blog post."""
        second: Kind = "blogpost" if first == "page" else "page"
        try:
            return first, await self._in(first, number, rest, query)
        except NotFound:
            pass
        try:
            return second, await self._in(second, number, rest, query)
        except NotFound as error:
            raise NotFound(
                f"There is no page or blog post {number} on {self.api.site.name}, or this user may "
                "not see it; searchConfluenceUsingCql finds pages by title or text."
            ) from error

    async def space(self, reference: str) -> str:
        """Return the id of the space with this id or key; a key costs one request.

        Raises:
            NotFound: No visible space has this key.
        """
        if reference.isdecimal():
            return reference
        found = await self.api.get("/wiki/api/v2/spaces", {"keys": [reference], "limit": 1})
        for space in results(found):
            return str(space["id"])
        raise NotFound(
            f"There is no space with the key {reference}, or this user may not see it; "
            "getConfluenceSpaces lists the spaces."
        )

    async def names(self, account_ids: Iterable[str | None]) -> dict[str, str]:
        """Return the display names of people, in one request; none when there is nobody to ask.

        Where Confluence does not tell, an answer says account ids only: it is not worth failing
        for, least of all after something was written.
        """
        wanted = sorted({account_id for account_id in account_ids if account_id})
        if not wanted:
            return {}
        try:
            found = await self.api.read("/wiki/api/v2/users-bulk", {"accountIds": wanted[:250]})
        except ToolError as error:
            _log.warning("confluence.names.unknown reason=%s", type(error).__name__)
            return {}
        return {
            str(user["accountId"]): str(user.get("displayName") or user.get("publicName") or "")
            for user in results(found)
        }

    async def with_names(
        self, work: Awaitable[ResultT], account_ids: Iterable[str | None]
    ) -> tuple[ResultT, dict[str, str]]:
        """Await *work* and, at the same time, the names of people; nobody's if it fails."""
        asked = asyncio.ensure_future(self.names(account_ids))
        try:
            done = await work
        except BaseException:
            asked.cancel()
            raise
        return done, await asked

    async def _in(self, kind: Kind, number: str, rest: str, query: Query | None) -> Json:
        return await self.api.get(
            f"/wiki/api/v2/{COLLECTIONS[kind]}/{{id}}{rest}", query, id=number
        )
