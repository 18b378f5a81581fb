"""Which spaces things are in; Confluence is asked once for each thing while a guard lives.

What does not exist, and what this user may not see, is outside.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from telamon.plugin import Api, Forbidden, NotFound, Query, Rejected
from telamon_confluence.answers import part, results
from telamon_confluence.confining.narrowing import condition
from telamon_confluence.confining.spaces import Spaces

V2 = "/wiki/api/v2"
TEMPLATES = "/wiki/rest/api/template/page"
STATUSES = ["current", "archived", "trashed", "draft"]
KEYS = 100
"""How many keys are asked for in one request."""
PAGES = 10
PAGE = 100
"""Of a space's templates, the first 1,000 are looked at."""


class Whereabouts:
    """Answers what is inside the allowed spaces, for one user on one site."""

    def __init__(self, api: Api, spaces: Spaces) -> None:
        self._api = api
        self.spaces = spaces
        self.begun: set[str] = set()
        self._known: dict[tuple[str, str], bool] = {}
        self._asking: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._ask: Mapping[str, Callable[[str], Awaitable[bool]]] = {
            "seen": self._seen,
            "space": self._space,
            "page": self._page,
            "blogpost": self._blog_post,
            "folder": self._folder,
            "content": self._content,
            "attachment": self._attachment,
            "footer": self._footer,
            "inline": self._inline,
            "task": self._task,
            "template": self._template,
            "long task": self._long_task,
        }

    async def inside(self, kind: str, name: object) -> bool:
        """Say whether the *kind* of thing with that id is inside.

        *kind* is space, page, blogpost, folder, content (one of these three), attachment, footer
        or inline (comments), task, template or long task; there is nothing of any other kind.
        """
        thing = kind, str(name)
        async with self._asking[thing]:
            if thing not in self._known:
                asked = self._ask.get(kind)
                self._known[thing] = asked is not None and await asked(thing[1])
            return self._known[thing]

    async def require(self, kind: str, name: object) -> None:
        """Raise what Confluence says of a thing that does not exist unless this one is inside."""
        if not await self.inside(kind, name):
            raise self.missing()

    def missing(self) -> NotFound:
        """Return what the model reads of a thing that does not exist."""
        return NotFound(
            f"Confluence on {self._api.site.name} has no such thing, or this user may not see it "
            '("Not Found"); check the id or key.'
        )

    async def see_spaces(self) -> None:
        """Learn which of the allowed spaces this user may see, and their ids."""
        await self.inside("seen", "")

    async def condition(self) -> str:
        """Return the CQL of being inside."""
        await self.see_spaces()
        return condition([*self.spaces.seen.values()])

    async def _seen(self, _nothing: str) -> bool:
        keys = self.spaces.asked
        found: dict[str, str] = {}
        for start in range(0, len(keys), KEYS):
            query: Query = {"keys": keys[start : start + KEYS], "limit": 250}
            for space in results(await self._api.get(f"{V2}/spaces", query)):
                if self.spaces.hold_key(space.get("key")):
                    found[str(space["id"])] = str(space["key"])
        self.spaces.seen = found
        return True

    async def _space(self, number: str) -> bool:
        await self.see_spaces()
        return self.spaces.hold_id(number)

    async def _page(self, number: str) -> bool:
        return await self._is_in(f"{V2}/pages/{{id}}", {"status": STATUSES}, id=number)

    async def _blog_post(self, number: str) -> bool:
        return await self._is_in(f"{V2}/blogposts/{{id}}", {"status": STATUSES}, id=number)

    async def _folder(self, number: str) -> bool:
        return await self._is_in(f"{V2}/folders/{{id}}", id=number)

    async def _content(self, number: str) -> bool:
        for kind in ("page", "blogpost", "folder"):
            if await self.inside(kind, number):
                return True
        return False

    async def _task(self, number: str) -> bool:
        return await self._is_in(f"{V2}/tasks/{{id}}", id=number)

    async def _is_in(self, path: str, query: Query | None = None, **segments: str) -> bool:
        await self.see_spaces()
        found = await self._read(path, query, **segments)
        return self.spaces.hold_id(found.get("spaceId"))

    async def _attachment(self, number: str) -> bool:
        return await self._is_on(await self._read(f"{V2}/attachments/{{id}}", id=number))

    async def _footer(self, number: str) -> bool:
        path = f"{V2}/footer-comments/{{comment-id}}"
        return await self._is_on(await self._read(path, comment_id=number), "footer")

    async def _inline(self, number: str) -> bool:
        path = f"{V2}/inline-comments/{{comment-id}}"
        return await self._is_on(await self._read(path, comment_id=number), "inline")

    async def _is_on(self, item: dict[str, Any], comments: str = "") -> bool:
        """Say whether a file or a comment is on something inside, by what it says it is on."""
        places = {
            "pageId": "page",
            "blogPostId": "blogpost",
            "attachmentId": "attachment",
            "parentCommentId": comments,
        }
        for member, kind in places.items():
            if kind and item.get(member):
                return await self.inside(kind, item[member])
        return False

    async def _template(self, number: str) -> bool:
        """Look for it among the templates of the site and of the allowed spaces."""
        await self.see_spaces()
        for key in (None, *self.spaces.seen.values()):
            if await self._is_template_of(key, number):
                return True
        return False

    async def _is_template_of(self, key: str | None, number: str) -> bool:
        for page in range(PAGES):
            query: Query = {"spaceKey": key, "start": page * PAGE, "limit": PAGE}
            answer = await self._api.get(TEMPLATES, query)
            for found in results(answer):
                place = part(found, "space").get("key")
                if str(found.get("templateId")) == number and place in (None, key):
                    return True
            if not part(answer, "_links").get("next"):
                return False
        return False

    async def _long_task(self, number: str) -> bool:
        return number in self.begun

    async def _read(self, path: str, query: Query | None = None, **segments: str) -> dict[str, Any]:
        try:
            found = await self._api.get(path, query, **segments)
        except (NotFound, Rejected):  # a comment's id that is none is refused
            return {}
        return {**found}


def refused(reason: str = "") -> Forbidden:
    """Return what the model reads of an operation that cannot be kept within the spaces."""
    return Forbidden(
        "The operator of this server limits this connection to certain Confluence spaces, and "
        f"this cannot be kept within them{reason}; do something else."
    )
