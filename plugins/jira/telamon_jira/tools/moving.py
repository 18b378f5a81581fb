"""Moving up to 1000 issues to another project, and what became of each."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field

from telamon.plugin import Call, InvalidArgument, NotFound, Rejected, ToolError, tool
from telamon_jira.arguments import Id, IssueIdOrKey, Line, Listed, ProjectIdOrKey
from telamon_jira.client import Jira
from telamon_jira.scopes import READ_WORK, WRITE_WORK
from telamon_jira.tools.create_meta import type_id
from telamon_jira.values import filled, items, members, objects

WAITS = (0.5, 1.0, 2.0, 4.0)
"""Seconds between looks at a task; the last one repeats."""
OVER = frozenset({"COMPLETE", "FAILED", "CANCELLED", "DEAD"})
FETCHED = 100
"""The most issues that one request to fetch many takes."""


@tool(READ_WORK, WRITE_WORK, access="write", group="issues", title="Move Jira issues", listed=False)
async def move_jira_issues(
    jira: Jira,
    call: Call,
    *,
    issues: Annotated[list[IssueIdOrKey], Field(min_length=1, max_length=1000), Listed],
    target_project_key: ProjectIdOrKey,
    target_issue_type_name: Line,
    parent: IssueIdOrKey | None = None,
    send_notification: bool = False,
) -> dict[str, Any]:
    """Move issues with their subtasks to another project or type; `moved` has the new keys.

    Old keys redirect. Fields and statuses that the target lacks get its defaults. Waits for the end
    and reports progress; getJiraBulkOperation looks later.
    """
    kind, before = await asyncio.gather(
        type_id(jira, target_project_key, target_issue_type_name), _keys(jira, issues)
    )
    if not before:
        raise InvalidArgument("None of these issues exists, or you may not see them.")
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
    watched = await _watched(jira, call, str(submitted.get("taskId")), before)
    return watched | filled(notFound=_missing(issues, before))


def _missing(issues: list[str], before: Mapping[str, str]) -> list[str]:
    """Return which of *issues* were not found; none where a key that an issue once had hides it."""
    there = {*before, *(key.upper() for key in before.values())}
    missing = [issue for issue in issues if issue.upper() not in there]
    return missing if len(missing) + len(before) == len(set(issues)) else []


@tool(READ_WORK, access="read", group="issues", title="Get Jira bulk operation", listed=False)
async def get_jira_bulk_operation(jira: Jira, *, task_id: Id) -> dict[str, Any]:
    """See how far a bulk operation is that moveJiraIssues started."""
    try:
        return await _task(jira, await _look(jira, task_id), {})
    except Rejected as refusal:
        raise NotFound(
            f"There is no bulk operation {task_id}, or it is over long ago."
        ) from refusal


async def _look(jira: Jira, task: str) -> dict[str, Any]:
    return members(await jira.api.get("/rest/api/3/bulk/queue/{taskId}", taskId=task))


async def _keys(jira: Jira, issues: Iterable[Any]) -> dict[str, str]:
    """Return the present keys by id of those *issues* that there are."""
    wanted = [str(issue) for issue in issues]
    pages = await asyncio.gather(
        *(
            jira.api.read(
                "/rest/api/3/issue/bulkfetch",
                {"issueIdsOrKeys": wanted[start : start + FETCHED], "fields": ["summary"]},
            )
            for start in range(0, len(wanted), FETCHED)
        )
    )
    return {
        str(issue.get("id")): str(issue.get("key"))
        for page in pages
        for issue in objects(members(page).get("issues"))
    }


async def _watched(jira: Jira, call: Call, task: str, before: Mapping[str, str]) -> dict[str, Any]:
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
            return await _task(jira, state, before)
        pause = WAITS[min(looks, len(WAITS) - 1)]
        await jira.pause(pause)
        waited += pause
        looks += 1


async def _task(jira: Jira, state: dict[str, Any], before: Mapping[str, str]) -> dict[str, Any]:
    """Return the state of a task with every issue under the key it had, as far as that is known."""
    done = [str(issue) for issue in items(state.get("processedAccessibleIssues"))]
    failures = members(state.get("failedAccessibleIssues"))
    said: dict[str, Any] = {}
    try:
        now = await _keys(jira, done)
    except ToolError as problem:  # what was moved stays moved
        now, said = {}, {"newKeysUnknown": str(problem)}
    status = state.get("status")
    return filled(
        taskId=state.get("taskId"),
        status=status,
        percent=state.get("progressPercent"),
        total=state.get("totalIssueCount"),
        moved={before.get(issue, issue): now.get(issue, issue) for issue in done},
        **said,
        failed={before.get(issue, issue): problem for issue, problem in failures.items()},
        notFoundOrNotAllowed=state.get("invalidOrInaccessibleIssueCount") or None,
        note=None if status in OVER else "It is not over: getJiraBulkOperation looks again.",
    )
