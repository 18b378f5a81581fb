"""Tools that read spaces."""

from typing import Annotated, Literal

from pydantic import Field

from telamon.plugin import tool
from telamon_confluence import scopes, shapes
from telamon_confluence.answers import results
from telamon_confluence.arguments import AccountId, Cursor, Limit, SpaceKey, Split, Words
from telamon_confluence.client import Confluence

Ids = Annotated[list[Annotated[int, Field(ge=1)]], Split]
Keys = Annotated[list[SpaceKey], Split]


@tool(scopes.READ_SPACES, access="read", group="spaces", title="List Confluence spaces")
async def get_confluence_spaces(
    confluence: Confluence,
    *,
    ids: Ids | None = None,
    keys: Keys | None = None,
    type_: Literal["global", "collaboration", "knowledge_base", "personal"] | None = None,
    status: Literal["current", "archived"] | None = None,
    labels: Words | None = None,
    favorited_by: AccountId | None = None,
    not_favorited_by: AccountId | None = None,
    sort: Literal["id", "-id", "key", "-key", "name", "-name"] | None = None,
    description_format: Literal["plain", "view"] | None = None,
    include_icon: bool | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 25,
) -> shapes.Shape:
    """List spaces with their ids and keys, filtered by id, key, type, status or label."""
    answer = await confluence.api.get(
        "/wiki/api/v2/spaces",
        {
            "ids": ids,
            "keys": keys,
            "type": type_,
            "status": status,
            "labels": labels,
            "favorited-by": favorited_by,
            "not-favorited-by": not_favorited_by,
            "sort": sort,
            "description-format": description_format,
            "include-icon": include_icon,
            "cursor": cursor,
            "limit": limit,
        },
    )
    spaces = [shapes.space(confluence, item) for item in results(answer)]
    return shapes.page_of("spaces", spaces, answer)
