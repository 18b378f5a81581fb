"""Tools that read and set who may see and change a page."""

from typing import Annotated, Any

from pydantic import Field

from telamon.plugin import Call, Json, tool
from telamon_confluence import scopes, shapes, who
from telamon_confluence.answers import part, results
from telamon_confluence.arguments import PageRef, Person, Split
from telamon_confluence.client import Confluence

_PATH = "/wiki/rest/api/content/{id}/restriction"
_EXPAND = "restrictions.user,restrictions.group"

People = Annotated[list[Person], Field(max_length=100), Split]
Groups = Annotated[
    list[Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]], Field(max_length=100), Split
]
"""Group ids, not names."""


@tool(
    scopes.READ_RESTRICTIONS,
    access="read",
    group="restrictions",
    title="List the restrictions of a Confluence page",
    listed=False,
)
async def get_confluence_page_restrictions(
    confluence: Confluence, *, page_id: PageRef
) -> shapes.Shape:
    """List who alone may see or change a page or blog post; nobody listed means everybody may."""
    number = confluence.number(page_id)
    answer = await confluence.api.get(_PATH, {"expand": _EXPAND}, id=number)
    return _shape(number, answer)


@tool(
    scopes.READ_RESTRICTIONS,
    scopes.CHANGE_CONTENT,
    scopes.READ_PEOPLE,
    scopes.READ_USERS,
    access="manage",
    group="restrictions",
    title="Set the restrictions of a Confluence page",
    destructive=True,
    idempotent=True,
    listed=False,
)
async def set_confluence_page_restrictions(
    confluence: Confluence,
    call: Call,
    *,
    page_id: PageRef,
    read_users: People | None = None,
    read_groups: Groups | None = None,
    update_users: People | None = None,
    update_groups: Groups | None = None,
) -> shapes.Shape:
    """Set who alone may see (read) and change (update) a page, in place of who may now.

    A right for which nobody is named is everybody's. This user is always added to a right that is
    restricted, so as not to be locked out.
    """
    number = confluence.number(page_id)
    wanted = {
        "read": (read_users or [], read_groups or []),
        "update": (update_users or [], update_groups or []),
    }
    named = (person for people, _ in wanted.values() for person in people)
    meant = await who.accounts(confluence, call, named)
    rules = [
        _rule(operation, [*(meant[each] for each in people), confluence.api.account_id], groups)
        for operation, (people, groups) in wanted.items()
        if people or groups
    ]
    if rules:
        await confluence.api.put(_PATH, {"results": rules}, id=number)
    else:
        await confluence.api.delete(_PATH, id=number)
    answer = await confluence.api.get(_PATH, {"expand": _EXPAND}, id=number)
    return _shape(number, answer)


def _rule(operation: str, people: list[str], groups: list[str]) -> dict[str, Any]:
    restrictions: dict[str, Any] = {
        "user": [{"type": "known", "accountId": account_id} for account_id in dict.fromkeys(people)]
    }
    if groups:
        restrictions["group"] = [{"type": "group", "id": group} for group in groups]
    return {"operation": operation, "restrictions": restrictions}


def _shape(number: str, answer: Json) -> shapes.Shape:
    rights: shapes.Shape = {}
    for rule in results(answer):
        named = part(rule, "restrictions")
        people = [
            {"name": each.get("displayName"), "accountId": each.get("accountId")}
            for each in results(part(named, "user"))
        ]
        groups = [
            {"name": each.get("name"), "id": each.get("id")}
            for each in results(part(named, "group"))
        ]
        if people or groups:
            rights[str(rule.get("operation"))] = {
                "users": people or None,
                "groups": groups or None,
            }
    return {"id": number, "restrictions": rights}
