"""Creating up to 50 issues at once."""

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
    IssueIdOrKey,
    Line,
    Markdown,
    Person,
    ProjectIdOrKey,
)
from telamon_jira.client import Jira
from telamon_jira.field_names import asks_for_screen
from telamon_jira.form import Form
from telamon_jira.scopes import READ_USER, READ_WORK, WRITE_WORK
from telamon_jira.tools.checking import problems_of
from telamon_jira.tools.create_meta import CreateScreens
from telamon_jira.tools.issues import new_issue_fields
from telamon_jira.values import filled, items, members, objects
from telamon_jira.who import People


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
    await screens.prepare(
        (issue.project_key, issue.issue_type_name)
        for issue in issues
        if validate_only or asks_for_screen(issue.fields())
    )
    tally = _Tally(call, len(drafts))
    if validate_only:
        checked: list[dict[str, Any]] = []
        for form, values in drafts:
            said = await problems_of(form, values)
            checked.append({"problems": said} if said else {"valid": True})
            await tally.add(1)
        return _report(checked, people)
    results: dict[int, dict[str, Any]] = {}
    bodies: dict[int, dict[str, Any]] = {}
    for number, (form, values) in enumerate(drafts):
        try:
            bodies[number] = await form.fill(values)
        except (InvalidArgument, Forbidden, NotFound) as problem:
            results[number] = {"problems": [str(problem)]}
    people.ask_no_more()
    await tally.add(len(results))
    forms = {number: (drafts[number][0], body) for number, body in bodies.items()}
    results |= await _create(jira, tally, forms)
    return _report([results[number] for number in range(len(drafts))], people)


class _Tally:
    """How many of the issues of one call are dealt with, told to whoever waits."""

    def __init__(self, call: Call, total: int) -> None:
        self._call = call
        self._total = total
        self._done = 0

    async def add(self, count: int) -> None:
        if not count:  # progress has to grow
            return
        self._done += count
        await self._call.progress(self._done, self._total, f"{self._done} of {self._total}")


Filled = Mapping[int, tuple[Form, dict[str, Any]]]
"""Filled forms with what is to be sent of them, by the number of their issue."""


async def _create(jira: Jira, tally: _Tally, forms: Filled) -> dict[int, dict[str, Any]]:
    if not forms:
        return {}
    body = {"issueUpdates": [{"fields": fields} for _, fields in forms.values()]}
    try:
        answer = members(await jira.api.post("/rest/api/3/issue/bulk", body))
    except Rejected:
        # Jira refused all of them together and made none; asked one by one it says why
        return await _create_each(jira, tally, forms)
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
    await tally.add(len(results))
    return results | await _create_each(jira, tally, again)


async def _create_each(jira: Jira, tally: _Tally, forms: Filled) -> dict[int, dict[str, Any]]:
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
        await tally.add(1)
    return results


def _refusal(error: dict[str, Any]) -> Rejected:
    errors = members(error.get("elementErrors"))
    fields = {name: str(problem) for name, problem in members(errors.get("errors")).items()}
    said = [f"{name}: {problem}" for name, problem in fields.items()]
    return Rejected(" ".join([*map(str, items(errors.get("errorMessages"))), *said]), fields=fields)


def _made(jira: Jira, created: Json) -> dict[str, Any]:
    key = members(created).get("key")
    if not key:
        return {"problems": ["Jira did not say whether this was created: search before repeating."]}
    return filled(
        key=key,
        url=jira.browse(str(key)),
        ignored=writing.ignored(created),
    )


def _report(results: list[dict[str, Any]], people: People) -> dict[str, Any]:
    failed = sum("problems" in result for result in results)
    return {
        "results": [{"number": number, **result} for number, result in enumerate(results)],
        "failed": failed,
        **filled(people=people.meant),
    }
