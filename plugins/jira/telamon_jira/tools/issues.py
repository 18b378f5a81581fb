"""Read, create and change single issues."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field

from telamon.plugin import Call, InvalidArgument, Json, tool
from telamon_jira import issue_view, writing
from telamon_jira.arguments import (
    Fields,
    FieldValues,
    IssueIdOrKey,
    Line,
    Listed,
    Markdown,
    Person,
    ProjectIdOrKey,
    PropertyKey,
)
from telamon_jira.client import Jira
from telamon_jira.converting import converted
from telamon_jira.field_names import Screen
from telamon_jira.form import Form
from telamon_jira.scopes import READ_USER, READ_WORK, WRITE_WORK
from telamon_jira.tools.create_meta import CreateScreens
from telamon_jira.values import filled, members
from telamon_jira.wanted import Wanted
from telamon_jira.who import People

SET_ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "status": "transitionJiraIssue, and getTransitionsForJiraIssue to see what is possible",
        "comment": "addCommentToJiraIssue",
        "worklog": "addWorklogToJiraIssue",
        "attachment": "uploadAttachmentToJiraIssue",
        "issuelinks": "createIssueLink",
        "project": "moveJiraIssues",
    }
)
"""What is no field of an edit, and the tool that does what is meant."""

Expand = Annotated[
    list[
        Literal[
            "changelog",
            "transitions",
            "editmeta",
            "operations",
            "renderedFields",
            "names",
            "schema",
            "versionedRepresentations",
        ]
    ],
    Listed,
]


@tool(READ_WORK, access="read", group="issues", title="Retrieve Jira issue")
async def get_jira_issue(
    jira: Jira,
    *,
    issue_id_or_key: IssueIdOrKey,
    fields: Fields | None = None,
    fields_by_keys: bool | None = None,
    expand: Expand | None = None,
    properties: Annotated[list[PropertyKey], Field(max_length=20), Listed] | None = None,
    update_history: bool | None = None,
    fail_fast: bool | None = None,
) -> dict[str, Any]:
    """Read one issue: details, sprint, story points, description, links, files, newest comments.

    `fields` names what to return instead, by id or name (`*all`: everything). Use
    searchJiraIssuesUsingJql to find issues.
    """
    wanted = issue_view.EVERYTHING_USUAL
    if fields:
        wanted = Wanted(given=tuple(fields), exact=True) if fields_by_keys else Wanted.by(fields)
    raw = await issue_view.read(
        jira,
        issue_id_or_key,
        wanted,
        fieldsByKeys=fields_by_keys,
        expand=expand or (),
        properties=",".join(properties) if properties else None,
        updateHistory=update_history,
        failFast=fail_fast,
    )
    shown = await converted(lambda: issue_view.show(jira, raw, wanted), raw)
    most = issue_view.MOST_COMMENTS if fields else jira.settings.recent_comments
    return issue_view.newest_comments(shown, most)


@tool(READ_WORK, WRITE_WORK, READ_USER, access="write", group="issues", title="Create Jira issue")
async def create_jira_issue(
    jira: Jira,
    call: Call,
    *,
    project_key: ProjectIdOrKey,
    issue_type_name: Line,
    summary: Line,
    description: Markdown | None = None,
    parent: IssueIdOrKey | None = None,
    assignee_account_id: Annotated[Person | None, Field(alias="assignee_account_id")] = None,
    additional_fields: Annotated[FieldValues | None, Field(alias="additional_fields")] = None,
) -> dict[str, Any]:
    """Create an issue. `description` is Markdown; `parent` is an epic or, for a subtask, its issue.

    People are account ids, e-mail addresses or names. `additional_fields` are by id or name, e.g.
    {"priority": "High", "Story Points": 3}; getJiraIssueTypeMetaWithFields lists them.
    """
    values = new_issue_fields(
        project_key,
        issue_type_name,
        summary,
        description=description,
        parent=parent,
        assignee=assignee_account_id,
        additional=additional_fields,
    )

    async def send(fields: dict[str, Any]) -> Json:
        return await jira.api.post("/rest/api/3/issue", {"fields": fields})

    people = People(jira, call)
    form = Form(CreateScreens(jira).of(project_key, issue_type_name), people)
    created = members(await form.send(send, values))
    return {
        "key": created.get("key"),
        "id": created.get("id"),
        "url": jira.browse(str(created.get("key"))),
        **filled(ignored=writing.ignored(created), people=people.meant),
    }


@tool(
    READ_WORK,
    WRITE_WORK,
    READ_USER,
    access="write",
    group="issues",
    title="Update Jira issue",
    idempotent=True,
)
async def edit_jira_issue(
    jira: Jira,
    call: Call,
    *,
    issue_id_or_key: IssueIdOrKey,
    fields: FieldValues,
    allow_loss: bool = False,
) -> dict[str, Any]:
    """Change fields of an issue, by id or name; each value replaces the old one, null empties it.

    Texts are Markdown, e.g. {"summary": "New", "labels": ["a"], "assignee": "ada@example.com"}.
    For the status use transitionJiraIssue. A text that loses media, mentions or macros of the old
    one is refused unless `allowLoss`.
    """
    if not fields:
        raise InvalidArgument("Nothing to change: fields is empty.")
    for name, instead in SET_ELSEWHERE.items():
        if name in (given.strip().casefold() for given in fields):
            raise InvalidArgument(f"{name} cannot be set by an edit: use {instead}.")

    async def screen() -> Screen:
        path = "/rest/api/3/issue/{issueIdOrKey}/editmeta"
        return members(
            members(await jira.api.get(path, issueIdOrKey=issue_id_or_key)).get("fields")
        )

    async def send(values: dict[str, Any]) -> Json:
        return await jira.api.put(
            "/rest/api/3/issue/{issueIdOrKey}", {"fields": values}, issueIdOrKey=issue_id_or_key
        )

    people = People(jira, call)
    texts = issue_view.stored_texts(jira, issue_id_or_key)
    form = Form(screen, people, texts, allow_loss=allow_loss)
    await form.send(send, fields)
    return filled(
        issue=issue_id_or_key,
        url=jira.page(issue_id_or_key),
        changed=sorted(fields),
        people=people.meant,
        dropped=form.dropped,
    )


def new_issue_fields(
    project: str,
    issue_type: str,
    summary: str,
    *,
    description: str | None,
    parent: str | None,
    assignee: str | None,
    additional: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the field values of a new issue; what is named apart wins over *additional*."""
    return {
        **(additional or {}),
        **filled(
            project=by_id_or_key(project),
            issuetype={"name": issue_type},
            summary=summary,
            description=description,
            parent=by_id_or_key(parent) if parent else None,
            assignee=assignee,
        ),
    }


def by_id_or_key(id_or_key: str) -> dict[str, str]:
    """Return a project or an issue as a field value names it."""
    return {"id": id_or_key} if id_or_key.isdigit() else {"key": id_or_key}
