"""Read, create and change single issues."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import Field

from telamon.plugin import Call, InvalidArgument, Json, tool
from telamon_jira import issue_view, writing
from telamon_jira.arguments import (
    Expand,
    Fields,
    FieldValues,
    IssueIdOrKey,
    Line,
    Markdown,
    Person,
    ProjectIdOrKey,
    PropertyKey,
)
from telamon_jira.client import Jira
from telamon_jira.field_names import Screen
from telamon_jira.form import Form
from telamon_jira.scopes import READ_USER, READ_WORK, WRITE_WORK
from telamon_jira.tools.create_meta import CreateScreens
from telamon_jira.values import filled, members
from telamon_jira.who import People


@tool(READ_WORK, access="read", group="issues", title="Retrieve Jira issue")
async def get_jira_issue(
    jira: Jira,
    *,
    issue_id_or_key: IssueIdOrKey,
    fields: Fields | None = None,
    fields_by_keys: bool | None = None,
    expand: Expand | None = None,
    properties: Annotated[list[PropertyKey], Field(max_length=20)] | None = None,
    update_history: bool | None = None,
    fail_fast: bool | None = None,
) -> dict[str, Any]:
    """Read one issue: details, description, links, files, newest comments.

    `fields` names exactly what to return instead (`*all` includes custom fields). `expand` takes
    `changelog`, `transitions`. Use searchJiraIssuesUsingJql to find issues.
    """
    wanted = fields or issue_view.DETAILS
    raw = await issue_view.read(
        jira,
        issue_id_or_key,
        wanted,
        names=issue_view.has_custom(wanted),
        fieldsByKeys=fields_by_keys,
        expand=expand,
        properties=",".join(properties) if properties else None,
        updateHistory=update_history,
        failFast=fail_fast,
    )
    shown = issue_view.show(jira, raw)
    if fields is None:
        return issue_view.newest_comments(shown, jira.settings.recent_comments)
    return shown


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

    form = Form(CreateScreens(jira).of(project_key, issue_type_name), People(jira, call))
    created = members(await form.send(send, values))
    return {
        "key": created.get("key"),
        "id": created.get("id"),
        "url": jira.browse(str(created.get("key"))),
        **filled(ignored=writing.ignored(created)),
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
    jira: Jira, call: Call, *, issue_id_or_key: IssueIdOrKey, fields: FieldValues
) -> dict[str, Any]:
    """Change fields of an issue, by id or name; each value replaces the old one, null empties it.

    Texts are Markdown, e.g. {"summary": "New", "labels": ["a"], "assignee": "ada@example.com"}.
    For the status use transitionJiraIssue. Keep `adf ref=` blocks of a text you edit; `dropped`
    names what went.
    """
    if not fields:
        raise InvalidArgument("Nothing to change: fields is empty.")
    if "status" in (name.strip().casefold() for name in fields):
        raise InvalidArgument(
            "The status is not a field that can be set: use transitionJiraIssue, "
            "and getTransitionsForJiraIssue to see which steps are possible."
        )

    before: dict[str, Any] = {}
    after: dict[str, Any] = {}

    async def screen() -> Screen:
        path = "/rest/api/3/issue/{issueIdOrKey}/editmeta"
        return members(
            members(await jira.api.get(path, issueIdOrKey=issue_id_or_key)).get("fields")
        )

    async def stored(names: Collection[str]) -> dict[str, Any]:
        raw = await issue_view.read(jira, issue_id_or_key, sorted(names))
        before.update(members(members(raw).get("fields")))
        return before

    async def send(values: dict[str, Any]) -> Json:
        after.update(values)
        return await jira.api.put(
            "/rest/api/3/issue/{issueIdOrKey}", {"fields": values}, issueIdOrKey=issue_id_or_key
        )

    await Form(screen, People(jira, call), stored).send(send, fields)
    gone = [
        f"{name}: {loss}"
        for name, document in before.items()
        for loss in writing.dropped(document, after.get(name))
    ]
    return filled(
        issue=issue_id_or_key,
        url=jira.page(issue_id_or_key),
        changed=sorted(fields),
        dropped=gone,
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
            project=named_project(project),
            issuetype={"name": issue_type},
            summary=summary,
            description=description,
            parent=named_issue(parent) if parent else None,
            assignee=assignee,
        ),
    }


def named_project(id_or_key: str) -> dict[str, str]:
    """Return a project as a field value names it."""
    return {"id": id_or_key} if id_or_key.isdigit() else {"key": id_or_key}


def named_issue(id_or_key: str) -> dict[str, str]:
    """Return an issue as a field value names it."""
    return {"id": id_or_key} if id_or_key.isdigit() else {"key": id_or_key}
