"""Tools that read one space and who may do what in it."""

from telamon.plugin import tool
from telamon_confluence import scopes, shapes
from telamon_confluence.answers import part, results
from telamon_confluence.arguments import Cursor, Limit, SpaceRef
from telamon_confluence.client import Confluence


@tool(
    scopes.READ_SPACES,
    scopes.READ_USERS,
    access="read",
    group="spaces",
    title="Read a Confluence space",
    listed=False,
)
async def get_confluence_space(confluence: Confluence, *, space_id: SpaceRef) -> shapes.Shape:
    """Read a space with its description, home page and labels."""
    answer = await confluence.api.get(
        "/wiki/api/v2/spaces/{id}",
        {"description-format": "plain", "include-labels": True},
        id=await confluence.space(space_id),
    )
    names = await confluence.names([answer.get("spaceOwnerId")])
    return {
        **shapes.space(confluence, answer),
        "createdAt": answer.get("createdAt"),
        "owner": shapes.person(answer.get("spaceOwnerId"), names),
        "labels": shapes.labels(answer),
    }


@tool(
    scopes.READ_SPACES,
    scopes.READ_USERS,
    access="read",
    group="spaces",
    title="List the permissions of a Confluence space",
    listed=False,
)
async def get_confluence_space_permissions(
    confluence: Confluence,
    *,
    space_id: SpaceRef,
    limit: Limit = 100,
    cursor: Cursor | None = None,
) -> shapes.Shape:
    """List who (people, groups, roles) may do what in a space."""
    answer = await confluence.api.get(
        "/wiki/api/v2/spaces/{id}/permissions",
        {"limit": limit, "cursor": cursor},
        id=await confluence.space(space_id),
    )
    allowed: dict[tuple[str, str], list[str]] = {}
    for item in results(answer):
        who = part(item, "principal")
        operation = part(item, "operation")
        allowed.setdefault((str(who.get("type")), str(who.get("id"))), []).append(
            f"{operation.get('key')} {operation.get('targetType')}"
        )
    names = await confluence.names(number for kind, number in allowed if kind == "user")
    permissions: list[shapes.Shape] = [
        {"type": kind, "id": number, "name": names.get(number), "may": operations}
        for (kind, number), operations in allowed.items()
    ]
    return shapes.page_of("permissions", permissions, answer)
