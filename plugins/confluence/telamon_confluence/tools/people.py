"""Tools that look people up and check what they may do."""

from typing import Annotated, Literal

from pydantic import Field

from telamon.plugin import Call, tool
from telamon_confluence import scopes, shapes, who
from telamon_confluence.answers import part, parts, results
from telamon_confluence.arguments import PageRef, Person
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
    """Find people by name or e-mail address, for their account ids."""
    answer = await who.search(confluence, query, limit)
    people = [part(item, "user") for item in results(answer)]
    addressed = [each for each in people if str(each.get("email")).casefold() == query.casefold()]
    return {
        "people": [
            {
                "name": person.get("displayName") or person.get("publicName"),
                "accountId": person.get("accountId"),
                "email": person.get("email") or None,
                "status": person.get("accountStatus"),
            }
            for person in addressed or people
        ],
        "totalSize": len(addressed) or answer.get("totalSize"),
    }


@tool(
    scopes.CHECK_PERMISSIONS,
    scopes.READ_PEOPLE,
    scopes.READ_USERS,
    access="read",
    group="search",
    title="Check a permission on a Confluence page",
    listed=False,
)
async def check_confluence_permission(
    confluence: Confluence,
    call: Call,
    *,
    page_id: PageRef,
    operation: Literal["read", "update", "delete"],
    account_id: Person | None = None,
) -> shapes.Shape:
    """Check whether somebody (this user, unless told) may read, update or delete a page."""
    number = confluence.number(page_id)
    whom = await who.account(confluence, call, account_id) or confluence.api.account_id
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
