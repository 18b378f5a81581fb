"""Many issues at once: creating up to 50, moving up to 1000 to another project."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from telamon.plugin import (
    Call,
    Forbidden,
    InvalidArgument,
    Json,
    NotFound,
    Rejected,
    ToolError,
    tool,
)
from telamon_jira import writing
from telamon_jira.arguments import (
    FieldValues,
    Id,
    IssueIdOrKey,
    Line,
    Markdown,
    Person,
    ProjectIdOrKey,
)
from telamon_jira.client import Jira
from telamon_jira.form import Form
from telamon_jira.scopes import READ_USER, READ_WORK, WRITE_WORK
from telamon_jira.tools.checking import problems_of
from telamon_jira.tools.create_meta import CreateScreens, type_id
from telamon_jira.tools.issues import new_issue_fields
from telamon_jira.values import filled, items, members, objects
from telamon_jira.who import People

WAITS = (0.5, 1.0, 2.0, 4.0)
"""Seconds between looks at a task; the last one repeats."""
OVER = frozenset({"COMPLETE", "FAILED", "CANCELLED", "DEAD"})


class NewIssue(BaseModel):
    """One issue to create, with the parameters of createJiraIssue."""

    model_config = ConfigDict(extra="forbid")

    project_key: Annotated[ProjectIdOrKey, Field(alias="projectKey")]
    issue_type_name: Annotated[Line, Field(alias="issueTypeName")]
    summary: Line
    description: Markdown | None = None
    parent: IssueIdOrKey | None = None
    assignee_account_id: Person | None = None
    additional_fields: FieldValues | None = None

    def fields(self) -> dict[str, Any]:
        """Return the field values as Jira takes them, texts still in Markdown."""
        return new_issue_fields(
            self.project_key,
            self.issue_type_name,
            self.summary,
            description=self.description,
            parent=self.parent,
            assignee=self.assignee_account_id,
            additional=self.additional_fields,
        )


@tool(
    READ_WORK,
    WRITE_WORK,
    READ_USER,
    access="write",
    group="issues",
    title="Create Jira issues",
    listed=False,
)
async def create_jira_issues(
    jira: Jira,
    call: Call,
    *,
    issues: Annotated[list[NewIssue], Field(min_length=1, max_length=50)],
    validate_only: bool = False,
) -> dict[str, Any]:
    """Create up to 50 issues at once; each is answered with its key or with what is wrong.

    `validateOnly` creates nothing and checks projects, types, fields and required values instead.
    """
    screens = CreateScreens(jira)
    people = People(jira, None if validate_only else call)
    drafts = [
        (Form(screens.of(issue.project_key, issue.issue_type_name), people), issue.fields())
        for issue in issues
    ]
    if validate_only:
        found = [await problems_of(form, values) for form, values in drafts]
        return _report([{"problems": said} if said else {"valid": True} for said in found])
    results: dict[int, dict[str, Any]] = {}
    bodies: dict[int, dict[str, Any]] = {}
    for number, (form, values) in enumerate(drafts):
        try:
            bodies[number] = await form.fill(values)
        except (InvalidArgument, Forbidden, NotFound) as problem:
            results[number] = {"problems": [str(problem)]}
    people.ask_no_more()
    results |= await _create(jira, {n: (drafts[n][0], body) for n, body in bodies.items()})
    return _report([results[number] for number in range(len(drafts))])


Filled = Mapping[int, tuple[Form, dict[str, Any]]]
"""Filled forms with what is to be sent of them, by the number of their issue."""


async def _create(jira: Jira, forms: Filled) -> dict[int, dict[str, Any]]:
    if not forms:
        return {}
    body = {"issueUpdates": [{"fields": fields} for _, fields in forms.values()]}
    try:
        answer = members(await jira.api.post("/rest/api/3/issue/bulk", body))
    except Rejected:
        # Jira refused all of them together and made none; asked one by one it says why
        return await _create_each(jira, forms)
    numbers = [*forms]
    results: dict[int, dict[str, Any]] = {}
    again: dict[int, tuple[Form, dict[str, Any]]] = {}
    for error in objects(answer.get("errors")):
        number = numbers[int(error.get("failedElementNumber") or 0)]
        form, _ = forms[number]
        try:
            again[number] = (form, await form.mend(_refusal(error)))
        except (Rejected, InvalidArgument) as refusal:
            results[number] = {"problems": [str(refusal)]}
    made = iter(objects(answer.get("issues")))
    for number in numbers:
        if number not in results and number not in again:
            results[number] = _made(jira, next(made, None))
    return results | await _create_each(jira, again)


async def _create_each(jira: Jira, forms: Filled) -> dict[int, dict[str, Any]]:
    """Create one after the other; what is no fault of one issue ends it for all that follow."""
    results: dict[int, dict[str, Any]] = {}

    async def send(fields: dict[str, Any]) -> Json:
        return await jira.api.post("/rest/api/3/issue", {"fields": fields})

    for number, (form, body) in forms.items():
        try:
            results[number] = _made(jira, await form.deliver(send, body))
        except (Rejected, InvalidArgument, Forbidden, NotFound) as problem:
            results[number] = {"problems": [str(problem)]}
        except ToolError as problem:
            untried = {"problems": ["Not tried, because of the problem before."]}
            return dict.fromkeys(forms, untried) | results | {number: {"problems": [str(problem)]}}
    return results


def _refusal(error: dict[str, Any]) -> Rejected:
    errors = members(error.get("elementErrors"))
    fields = {name: str(problem) for name, problem in members(errors.get("errors")).items()}
    said = [f"{name}: {problem}" for name, problem in fields.items()]
    return Rejected(" ".join([*map(str, items(errors.get("errorMessages"))), *said]), fields=fields)


def _made(jira: Jira, created: Json) -> dict[str, Any]:
    key = members(created).get("key")
    return filled(
        key=key,
        url=jira.browse(str(key)) if key else None,
        ignored=writing.ignored(created),
    )


def _report(results: list[dict[str, Any]]) -> dict[str, Any]:
    failed = sum("problems" in result for result in results)
    return {
        "results": [{"number": number, **result} for number, result in enumerate(results)],
        "failed": failed,
    }


@tool(READ_WORK, WRITE_WORK, access="write", group="issues", title="Move Jira issues", listed=False)
async def move_jira_issues(
    jira: Jira,
    call: Call,
    *,
    issues: Annotated[list[IssueIdOrKey], Field(min_length=1, max_length=1000)],
    target_project_key: ProjectIdOrKey,
    target_issue_type_name: Line,
    parent: IssueIdOrKey | None = None,
    send_notification: bool = False,
) -> dict[str, Any]:
    """Move issues with their subtasks to another project or type; keys change, old ones redirect.

    Fields and statuses that the target lacks get its defaults. Waits for the end and reports
    progress; getJiraBulkOperation looks later.
    """
    kind = await type_id(jira, target_project_key, target_issue_type_name)
    target = ",".join(filter(None, [target_project_key, kind, parent]))
    body = {
        "sendBulkNotification": send_notification,
        "targetToSourcesMapping": {
            target: {
                "issueIdsOrKeys": issues,
                "inferClassificationDefaults": True,
                "inferFieldDefaults": True,
                "inferStatusDefaults": True,
                "inferSubtaskTypeDefault": True,
            }
        },
    }
    submitted = members(await jira.api.post("/rest/api/3/bulk/issues/move", body))
    return await _watched(jira, call, str(submitted.get("taskId")))


@tool(READ_WORK, access="read", group="issues", title="Get Jira bulk operation", listed=False)
async def get_jira_bulk_operation(jira: Jira, *, task_id: Id) -> dict[str, Any]:
    """See how far a bulk operation is that moveJiraIssues started."""
    try:
        return _task(await _look(jira, task_id))
    except Rejected as refusal:
        raise NotFound(
            f"There is no bulk operation {task_id}, or it is over long ago."
        ) from refusal


async def _look(jira: Jira, task: str) -> dict[str, Any]:
    return members(await jira.api.get("/rest/api/3/bulk/queue/{taskId}", taskId=task))


async def _watched(jira: Jira, call: Call, task: str) -> dict[str, Any]:
    reported, waited, looks = 0, 0.0, 0
    while True:
        try:
            state = await _look(jira, task)
        except ToolError as problem:  # the move goes on; without its id nobody could look again
            return {"taskId": task, "status": "UNKNOWN", "problem": str(problem)}
        percent = int(state.get("progressPercent") or 0)
        if percent > reported:
            reported = percent
            await call.progress(percent, 100, f"{percent} % of {state.get('totalIssueCount')}")
        if state.get("status") in OVER or waited >= jira.settings.bulk_wait:
            return _task(state)
        pause = WAITS[min(looks, len(WAITS) - 1)]
        await jira.pause(pause)
        waited += pause
        looks += 1


def _task(state: dict[str, Any]) -> dict[str, Any]:
    failures = members(state.get("failedAccessibleIssues"))
    return filled(
        taskId=state.get("taskId"),
        status=state.get("status"),
        percent=state.get("progressPercent"),
        total=state.get("totalIssueCount"),
        movedIssueIds=state.get("processedAccessibleIssues"),
        failed=failures,
        notFoundOrNotAllowed=state.get("invalidOrInaccessibleIssueCount") or None,
    )
