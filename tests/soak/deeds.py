"""What a user may do next: reads of what is its own or everybody's, and writes to its own."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MINE: dict[str, Any] = {
    "name": "searchJiraIssuesUsingJql",
    "arguments": {"jql": "reporter = currentUser()"},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """One request; with ``own`` its answer has to carry the user's marker."""

    doing: str
    method: str
    params: Mapping[str, Any]
    own: bool = False


def chosen(luck: random.Random, mark: str, issue: str, page: str) -> Deed:
    """Choose for the user of this *mark*, whose *issue* and *page* may not be there yet."""
    if not issue:
        return _call(
            "createJiraIssue",
            {
                "projectKey": "DEMO",
                "issueTypeName": "Task",
                "summary": f"Of {mark}",
                "description": f"Only {mark} writes here.",
            },
        )
    if not page and luck.random() < 0.2:
        title = f"Of {mark} {luck.randrange(10**9)}"
        body = f"Only **{mark}** writes here."
        return _call("createConfluencePage", {"spaceId": "DEMO", "title": title, "body": body})
    if luck.random() < 0.1:
        return Deed(doing="tools/list", method="tools/list", params={})
    this = {"issueIdOrKey": issue}
    own = [
        _call("atlassianUserInfo", {}, own=True),
        _call("getJiraIssue", this, own=True),
        _call(MINE["name"], MINE["arguments"], own=True),
    ]
    if page:
        own.append(_call("getConfluencePage", {"pageId": page}, own=True))
    others = [
        _call("getJiraIssue", {"issueIdOrKey": "DEMO-1"}),
        _call("addCommentToJiraIssue", {**this, "commentBody": f"A word of {mark}."}),
        _call("editJiraIssue", {**this, "fields": {"labels": [mark.replace(" ", "-")]}}),
        _call("getVisibleJiraProjects", {}),
    ]
    return luck.choice(own if luck.random() < 0.6 else others)


def _call(name: str, arguments: Any, *, own: bool = False) -> Deed:
    params = {"name": name, "arguments": arguments}
    return Deed(doing=name, method="tools/call", params=params, own=own)
