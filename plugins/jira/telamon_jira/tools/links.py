"""Links between issues, and from issues to things elsewhere."""

from typing import Annotated, Any

from pydantic import Field

from telamon.plugin import InvalidArgument, NotFound, Rejected, tool
from telamon_jira import writing
from telamon_jira.arguments import GlobalId, IssueIdOrKey, Line, Markdown
from telamon_jira.client import Jira
from telamon_jira.scopes import READ_WORK, WRITE_WORK
from telamon_jira.tools.issues import by_id_or_key
from telamon_jira.values import filled, members, objects, picked

REMOTE_LINKS = "/rest/api/3/issue/{issueIdOrKey}/remotelink"


@tool(READ_WORK, access="read", group="issues", title="List Jira remote links")
async def get_jira_issue_remote_issue_links(
    jira: Jira,
    *,
    issue_id_or_key: IssueIdOrKey,
    global_id: GlobalId | None = None,
) -> dict[str, Any]:
    """List an issue's links to things outside Jira: Confluence pages, web pages, other trackers."""
    answer = await jira.api.get(REMOTE_LINKS, {"globalId": global_id}, issueIdOrKey=issue_id_or_key)
    # with a globalId Jira answers with the one link instead of a list
    found = objects(answer) if isinstance(answer, list) else [members(answer)]
    return {"remoteLinks": [_remote(link) for link in found if link]}


@tool(READ_WORK, access="read", group="issues", title="List Jira link types")
async def get_issue_link_types(jira: Jira) -> dict[str, Any]:
    """List the types of links between issues and how each reads in both directions."""
    return {"linkTypes": await _types(jira)}


@tool(READ_WORK, WRITE_WORK, access="write", group="issues", title="Link Jira issues")
async def create_issue_link(
    jira: Jira,
    *,
    inward_issue: IssueIdOrKey,
    outward_issue: IssueIdOrKey,
    type_: Line,
    comment: Markdown | None = None,
) -> dict[str, Any]:
    """Link two issues. With type `Blocks`, `inwardIssue` blocks `outwardIssue`.

    getIssueLinkTypes lists the types.
    """
    body = filled(
        type={"name": type_},
        inwardIssue=by_id_or_key(inward_issue),
        outwardIssue=by_id_or_key(outward_issue),
        comment={"body": await writing.adf(comment)} if comment else None,
    )
    try:
        await jira.api.post("/rest/api/3/issueLink", body)
    except (NotFound, Rejected) as refusal:
        known = await _types(jira)
        named = next((k for k in known if str(k.get("name")).casefold() == type_.casefold()), None)
        if named is None:
            raise InvalidArgument(
                f"There is no link type {type_!r}; {_listed(known)}."
            ) from refusal
        if named["name"] == type_:
            raise
        type_ = str(named["name"])  # Jira minds the case; nothing was made yet
        await jira.api.post("/rest/api/3/issueLink", {**body, "type": {"name": type_}})
    ends = {"from": inward_issue, "to": outward_issue}
    return filled(linked=True, type=type_, **ends, url=jira.page(inward_issue))


@tool(
    WRITE_WORK,
    access="write",
    group="issues",
    title="Create Jira remote link",
    listed=False,
)
async def create_jira_remote_link(
    jira: Jira,
    *,
    issue_id_or_key: IssueIdOrKey,
    url: Annotated[str, Field(pattern=r"^https?://[^\s]{1,2000}$")],
    title: Line,
    summary: Line | None = None,
    relationship: Line | None = None,
    global_id: GlobalId | None = None,
) -> dict[str, Any]:
    """Link an issue to a web page. The same `globalId` again replaces that link."""
    saved = await jira.api.post(
        REMOTE_LINKS,
        filled(
            globalId=global_id,
            relationship=relationship,
            object=filled(url=url, title=title, summary=summary),
        ),
        issueIdOrKey=issue_id_or_key,
    )
    page = jira.page(issue_id_or_key)
    return filled(id=members(saved).get("id"), issue=issue_id_or_key, url=page)


async def _types(jira: Jira) -> list[dict[str, Any]]:
    answer = members(await jira.api.get("/rest/api/3/issueLinkType"))
    return [
        picked(kind, "id", "name", "inward", "outward")
        for kind in objects(answer.get("issueLinkTypes"))
    ]


def _listed(known: list[dict[str, Any]]) -> str:
    kinds = [
        f"{kind.get('name')} (the inward issue {kind.get('outward')} the outward one)"
        for kind in known
    ]
    return f"there are: {', '.join(kinds)}" if kinds else "issue links are turned off on this site"


def _remote(link: dict[str, Any]) -> dict[str, Any]:
    target = members(link.get("object"))
    return filled(
        **picked(link, "id", "globalId", "relationship"),
        **picked(target, "title", "url", "summary"),
        application=members(link.get("application")).get("name"),
        resolved=members(target.get("status")).get("resolved"),
    )
