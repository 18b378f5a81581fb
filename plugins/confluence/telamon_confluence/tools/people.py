"""Tools that look people up and check what they may do."""

from typing import Annotated, Literal

from pydantic import Field

from telamon.plugin import tool
from telamon_confluence import cql, scopes, shapes
from telamon_confluence.answers import part, parts, results
from telamon_confluence.arguments import AccountId, PageRef
from telamon_confluence.client import Confluence


@tool(
    scopes.READ_PEOPLE,
    access="read",
    group="search",
    title="Look up a person in Confluence",
    listed=False,
)
async def lookup_confluence_user(
    confluence: Confluence,
    *,
    query: Annotated[str, Field(min_length=1, max_length=200)],
    limit: Annotated[int, Field(ge=1, le=50)] = 10,
) -> shapes.Shape:
    """Find people by name, for their account ids."""
    answer = await confluence.api.get(
        "/wiki/rest/api/search/user",
        {"cql": f"user.fullname ~ {cql.words(query)}", "limit": limit},
    )
    people = [part(item, "user") for item in results(answer)]
    return {
        "people": [
            {
                "name": person.get("displayName") or person.get("publicName"),
                "accountId": person.get("accountId"),
                "email": person.get("email") or None,
                "status": person.get("accountStatus"),
            }
            for person in people
        ],
        "totalSize": answer.get("totalSize"),
    }


@tool(
    scopes.CHECK_PERMISSIONS,
    access="read",
    group="search",
    title="Check a permission on a Confluence page",
    listed=False,
)
async def check_confluence_permission(
    confluence: Confluence,
    *,
    page_id: PageRef,
    operation: Literal["read", "update", "delete"],
    account_id: AccountId | None = None,
) -> shapes.Shape:
    """Check whether somebody (this user, unless told) may read, update or delete a page."""
    number = confluence.number(page_id)
    whom = account_id or confluence.api.account_id
    answer = await confluence.api.read(
        "/wiki/rest/api/content/{id}/permission/check",
        {"subject": {"type": "user", "identifier": whom}, "operation": operation},
        id=number,
    )
    reasons = [str(each.get("translation")) for each in parts(answer, "errors")]
    return {
        "accountId": whom,
        "operation": operation,
        "hasPermission": bool(answer.get("hasPermission")),
        "reasons": reasons or None,
    }
