"""An issue written out as one Markdown page, for resources and prompts."""

from collections.abc import Mapping
from typing import Any

from telamon_jira.values import items, members, objects

LINES = {
    "issuetype": "Type",
    "status": "Status",
    "priority": "Priority",
    "resolution": "Resolution",
    "assignee": "Assignee",
    "reporter": "Reporter",
    "parent": "Parent",
    "labels": "Labels",
    "components": "Components",
    "versions": "Affects",
    "fixVersions": "Fix versions",
    "duedate": "Due",
    "created": "Created",
    "updated": "Updated",
}


def issue_page(shown: Mapping[str, Any]) -> str:
    """Return the page of an issue as :func:`telamon_jira.issue_view.show` gives it."""
    fields = members(shown.get("fields"))
    parts = [f"# {shown.get('key')}: {fields.get('summary', '')}", str(shown.get("url", ""))]
    labels = LINES | members(shown.get("names"))
    facts = [f"- {said}: {_said(fields[name])}" for name, said in labels.items() if name in fields]
    parts.append("\n".join(facts))
    if fields.get("description"):
        parts.append(f"## Description\n\n{fields['description']}")
    for name, title in (("subtasks", "Subtasks"), ("issuelinks", "Links")):
        if fields.get(name):
            lines = [f"- {_neighbour(other)}" for other in objects(fields[name])]
            parts.append(f"## {title}\n\n" + "\n".join(lines))
    parts += [
        f"## Comment by {_said(comment.get('author'))}, {comment.get('created')}\n\n"
        f"{comment.get('body', '')}"
        for comment in objects(members(fields.get("comment")).get("comments"))
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_said(item) for item in items(value))
    found = members(value)
    if "key" in found:
        return _neighbour(found)
    return str(found.get("name", "unknown")) if found else str(value)


def _neighbour(other: dict[str, Any]) -> str:
    relation = f"{other['relation']} " if "relation" in other else ""
    status = f" ({other['status']})" if "status" in other else ""
    return f"{relation}{other.get('key')} {other.get('summary', '')}{status}"
