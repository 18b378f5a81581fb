"""Jira's resource templates: an issue as a page, a file on an issue."""

from collections.abc import Mapping, Sequence

from telamon.plugin import Complete, Embedded, Resource, resource
from telamon_jira import issue_view
from telamon_jira.arguments import Id, IssueIdOrKey
from telamon_jira.client import Jira
from telamon_jira.page import issue_page
from telamon_jira.scopes import READ_WORK
from telamon_jira.tools.attachments import read_attachment
from telamon_jira.values import members, objects

SUGGESTED = 20
NO_COMPLETION: Mapping[str, Complete[Jira]] = {}


async def issue_keys(jira: Jira, typed: str, _others: Mapping[str, str]) -> Sequence[str]:
    """Suggest issue keys for what is typed: the beginning of a key, or of words in the summary."""
    answer = await jira.api.get("/rest/api/3/issue/picker", {"query": typed})
    found = [
        str(issue["key"])
        for section in objects(members(answer).get("sections"))
        for issue in objects(section.get("issues"))
        if issue.get("key")
    ]
    return list(dict.fromkeys(found))[:SUGGESTED]


@resource("jira://{site}/issue/{key}", READ_WORK, title="Jira issue", complete={"key": issue_keys})
async def issue(jira: Jira, *, key: IssueIdOrKey) -> str:
    """One issue with description, links and newest comments, as a Markdown page."""
    return await read_page(jira, key)


async def read_page(jira: Jira, key: str) -> str:
    """Read an issue and write it out as a page."""
    return issue_page(await issue_view.details(jira, key))


@resource(
    "jira://{site}/attachment/{id}",
    READ_WORK,
    title="Jira attachment",
    media_type=None,
    complete=NO_COMPLETION,
)
async def attachment(jira: Jira, *, id: Id) -> Embedded:  # noqa: A002 - the template's own name
    """A file on an issue."""
    return (await read_attachment(jira, id))[1]


RESOURCES: tuple[Resource[Jira], ...] = (issue, attachment)
