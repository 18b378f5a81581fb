"""Move issues through their workflow."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from telamon.plugin import Call, InvalidArgument, Rejected, tool
from telamon_jira import compact, issue_view, screens, writing
from telamon_jira.arguments import FieldValues, Id, IssueIdOrKey, Line, Updates
from telamon_jira.client import Jira
from telamon_jira.field_names import Screen
from telamon_jira.form import Form
from telamon_jira.scopes import READ_USER, READ_WORK, WRITE_WORK
from telamon_jira.values import filled, members, objects
from telamon_jira.who import People

NO_STEP = (
    "Jira offers this user no step from the issue's present status: either the user may not "
    "transition issues in the project (getJiraPermissions tells), or the workflow leads nowhere "
    "from here or sets conditions (includeUnavailableTransitions of getTransitionsForJiraIssue "
    "shows the steps whose conditions are not met). A project administrator can help."
)
PATH = "/rest/api/3/issue/{issueIdOrKey}/transitions"


class Transition(BaseModel):
    """Which step to take."""

    model_config = ConfigDict(extra="forbid")

    id: Id | None = None
    name: Line | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "Transition":
        if (self.id is None) == (self.name is None):
            raise ValueError("give either id or name")
        return self


@tool(READ_WORK, access="read", group="issues", title="List Jira issue transitions")
async def get_transitions_for_jira_issue(
    jira: Jira,
    *,
    issue_id_or_key: IssueIdOrKey,
    expand: Literal["transitions.fields"] | None = None,
    transition_id: Id | None = None,
    skip_remote_only_condition: bool | None = None,
    include_unavailable_transitions: bool | None = None,
    sort_by_ops_bar_and_status: bool | None = None,
) -> dict[str, Any]:
    """List the workflow steps possible now, where each leads and which fields it asks for."""
    answer = await jira.api.get(
        PATH,
        {
            "expand": expand or "transitions.fields",
            "transitionId": transition_id,
            "skipRemoteOnlyCondition": skip_remote_only_condition,
            "includeUnavailableTransitions": include_unavailable_transitions,
            "sortByOpsBarAndStatus": sort_by_ops_bar_and_status,
        },
        issueIdOrKey=issue_id_or_key,
    )
    steps = [screens.step(found) for found in objects(members(answer).get("transitions"))]
    return {"transitions": steps} if steps else {"transitions": [], "note": NO_STEP}


@tool(
    READ_WORK,
    WRITE_WORK,
    READ_USER,
    access="write",
    group="issues",
    title="Transition Jira issue",
    idempotent=True,
)
async def transition_jira_issue(
    jira: Jira,
    call: Call,
    *,
    issue_id_or_key: IssueIdOrKey,
    transition: Transition,
    fields: FieldValues | None = None,
    update: Updates | None = None,
    history_metadata: FieldValues | None = None,
    allow_loss: bool = False,
) -> dict[str, Any]:
    """Move an issue to another status: `transition` is {"id": "31"} or {"name": "Done"}.

    The name may be the target status'. `fields` answers what the step asks for, by id or name,
    e.g. {"resolution": "Done"}; `update` may add a comment:
    {"comment": [{"add": {"body": "Markdown"}}]}.
    """
    steps = _Steps(jira, issue_id_or_key)
    step = {"id": transition.id} if transition.id else await steps.called(transition.name or "")

    plain = writing.set_by(update or {})
    if twice := plain.keys() & (fields or {}).keys():
        raise InvalidArgument(f"Give {', '.join(sorted(twice))} in fields or update, not in both.")
    operations = {name: what for name, what in (update or {}).items() if name not in plain}
    update_body = await writing.updates(operations)

    async def send(values: dict[str, Any]) -> None:
        body = filled(
            transition={"id": step["id"]},
            fields=values,
            update=update_body,
            historyMetadata=history_metadata,
        )
        await jira.api.post(PATH, body, issueIdOrKey=issue_id_or_key)

    async def screen() -> Screen:
        found = await steps.with_id(str(step["id"]))
        if found is None:
            raise InvalidArgument(await steps.impossible(str(step["id"])))
        return members(found.get("fields"))

    people = People(jira, call)
    texts = issue_view.stored_texts(jira, issue_id_or_key)
    form = Form(screen, people, texts, allow_loss=allow_loss)
    try:
        await form.send(send, {**plain, **(fields or {})})
    except Rejected as refusal:
        raise await steps.explained(str(step["id"]), refusal) from refusal
    return filled(
        issue=issue_id_or_key,
        url=jira.page(issue_id_or_key),
        transition=step.get("name"),
        transitionId=step["id"],
        status=compact.name(step.get("to")),
        people=people.meant,
        dropped=form.dropped,
    )


class _Steps:
    """The steps that an issue can take now, read once."""

    def __init__(self, jira: Jira, issue: str) -> None:
        self._jira = jira
        self._issue = issue
        self._known: list[dict[str, Any]] | None = None

    async def possible(self) -> list[dict[str, Any]]:
        if self._known is None:
            answer = await self._jira.api.get(
                PATH, {"expand": "transitions.fields"}, issueIdOrKey=self._issue
            )
            self._known = objects(members(answer).get("transitions"))
        return self._known

    async def with_id(self, identifier: str) -> dict[str, Any] | None:
        return next((s for s in await self.possible() if s.get("id") == identifier), None)

    async def called(self, name: str) -> dict[str, Any]:
        possible = await self.possible()
        wanted = name.casefold()
        named = [step for step in possible if str(step.get("name")).casefold() == wanted]
        leading = [s for s in possible if str(compact.name(s.get("to"))).casefold() == wanted]
        found = named or leading
        if len(found) == 1:
            return found[0]
        problem = (
            f"several steps lead to {name!r}, choose by id" if found else f"no step {name!r} now"
        )
        raise InvalidArgument(f"{self._issue} has {problem}. {_listed(possible)}")

    async def impossible(self, identifier: str) -> str:
        possible = _listed(await self.possible())
        return f"{self._issue} cannot take transition {identifier} now. {possible}"

    async def explained(self, identifier: str, refusal: Rejected) -> Rejected:
        """Return *refusal* with what would have been possible."""
        step = await self.with_id(identifier)
        if step is None:
            return Rejected(await self.impossible(identifier), fields=refusal.fields)
        asked = [
            f"{name} ({found.get('name')})"
            for name, found in members(step.get("fields")).items()
            if members(found).get("required") and not members(found).get("hasDefaultValue")
        ]
        if not asked:
            return refusal
        return Rejected(f"{refusal} This step requires: {', '.join(asked)}.", fields=refusal.fields)


def _listed(possible: list[dict[str, Any]]) -> str:
    steps = [
        f"{step.get('name')} (id {step.get('id')}, to {compact.name(step.get('to'))})"
        for step in possible
    ]
    return f"Possible now: {', '.join(steps)}." if steps else NO_STEP
