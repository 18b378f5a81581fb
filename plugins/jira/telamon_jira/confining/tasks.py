"""Bulk operations: they name the issues that they worked on by nothing but their ids."""

from collections.abc import Collection
from typing import Any

from telamon_jira.values import items, members


def issue_ids(task: dict[str, Any]) -> set[str]:
    """Return the ids of the issues that a task names."""
    done = {str(identifier) for identifier in items(task.get("processedAccessibleIssues"))}
    return done | set(members(task.get("failedAccessibleIssues")))


def cleared(task: dict[str, Any], known: Collection[str], *, mine: bool) -> dict[str, Any]:
    """Return *task* with no issue but *known* ones, and no number that counts others.

    *mine* is a task whose issues were all checked before it began.
    """
    shown = dict(task)
    named = issue_ids(task)
    if not mine and (not named or not named <= set(known)):
        shown.pop("totalIssueCount", None)
        shown.pop("invalidOrInaccessibleIssueCount", None)
    if "processedAccessibleIssues" in task:
        done = items(task["processedAccessibleIssues"])
        shown["processedAccessibleIssues"] = [found for found in done if str(found) in known]
    if "failedAccessibleIssues" in task:
        failed = members(task["failedAccessibleIssues"])
        shown["failedAccessibleIssues"] = {k: v for k, v in failed.items() if k in known}
    return shown
