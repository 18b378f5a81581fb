"""Move issues through their workflow."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from telamon.plugin import InvalidArgument, Rejected, tool
from telamon_jira import compact, screens, writing
from telamon_jira.arguments import Expand, FieldValues, Id, IssueIdOrKey, Line, Updates
from telamon_jira.client import Jira
from telamon_jira.scopes import READ_WORK, WRITE_WORK
from telamon_jira.values import filled, members, objects

PATH = "/rest/api/3/issue/{issueIdOrKey}/transitions"


class Transition(BaseModel):
    """Which step to take: by the transition's id or name, or by the status it leads to."""

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
    expand: Expand | None = None,
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
    return {
        "transitions": [
            screens.step(found) for found in objects(members(answer).get("transitions"))
        ]
    }


@tool(
    READ_WORK,
    WRITE_WORK,
    access="write",
    group="issues",
    title="Transition Jira issue",
    idempotent=True,
)
async def transition_jira_issue(
    jira: Jira,
    *,
    issue_id_or_key: IssueIdOrKey,
    transition: Transition,
    fields: FieldValues | None = None,
    update: Updates | None = None,
    history_metadata: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Move an issue to another status: `transition` is {"id": "31"} or {"name": "Done"}.

    The name may be the transition's or the target status'. `fields` answers what the step asks for,
    e.g. {"resolution": {"name": "Done"}}; `update` may add a comment:
    {"comment": [{"add": {"body": "Markdown"}}]}.
    """
    step = (
        {"id": transition.id}
        if transition.id
        else await _by_name(jira, issue_id_or_key, transition.name or "")
    )

    async def send(values: dict[str, Any]) -> None:
        body = filled(
            transition={"id": step["id"]},
            fields=values,
            update=writing.updates(update or {}),
            historyMetadata=history_metadata,
        )
        await jira.api.post(PATH, body, issueIdOrKey=issue_id_or_key)

    try:
        await writing.send_fields(send, fields or {})
    except Rejected as refusal:
        raise await _with_steps(jira, issue_id_or_key, str(step["id"]), refusal) from refusal
    return filled(
        issue=issue_id_or_key,
        url=jira.page(issue_id_or_key),
        transition=step.get("name"),
        transitionId=step["id"],
        status=compact.name(step.get("to")),
    )


async def _possible(jira: Jira, issue: str) -> list[dict[str, Any]]:
    answer = await jira.api.get(PATH, {"expand": "transitions.fields"}, issueIdOrKey=issue)
    return objects(members(answer).get("transitions"))


async def _by_name(jira: Jira, issue: str, name: str) -> dict[str, Any]:
    possible = await _possible(jira, issue)
    wanted = name.casefold()
    called = [step for step in possible if str(step.get("name")).casefold() == wanted]
    leading = [step for step in possible if str(compact.name(step.get("to"))).casefold() == wanted]
    found = called or leading
    if len(found) == 1:
        return found[0]
    problem = f"several steps lead to {name!r}, choose by id" if found else f"no step {name!r} now"
    raise InvalidArgument(f"{issue} has {problem}; possible: {_listed(possible)}.")


async def _with_steps(jira: Jira, issue: str, chosen: str, refusal: Rejected) -> Rejected:
    """Return *refusal* with what would have been possible."""
    possible = await _possible(jira, issue)
    step = next((step for step in possible if step.get("id") == chosen), None)
    if step is None:
        return Rejected(
            f"{issue} cannot take transition {chosen} now; possible: {_listed(possible)}.",
            fields=refusal.fields,
        )
    asked = [
        f"{name} ({found.get('name')})"
        for name, found in members(step.get("fields")).items()
        if members(found).get("required") and not members(found).get("hasDefaultValue")
    ]
    if not asked:
        return refusal
    return Rejected(f"{refusal} This step requires: {', '.join(asked)}.", fields=refusal.fields)


def _listed(possible: list[dict[str, Any]]) -> str:
    return (
        ", ".join(
            f"{step.get('name')} (id {step.get('id')}, to {compact.name(step.get('to'))})"
            for step in possible
        )
        or "none"
    )
