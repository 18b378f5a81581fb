"""What the stand-in for Atlassian answers: issues, a search, a page, as wordy as the real ones."""

import json
from typing import Any

from bench.texts import page

from telamon.adf import from_markdown

API = "https://api.example.com"
PAGE_BYTES = 200_000
ISSUES = 50


def _person(name: str) -> dict[str, Any]:
    account = f"account-{name.lower()}"
    sizes = ("48x48", "24x24", "16x16", "32x32")
    avatars = {size: f"{API}/avatars/{account}/{size}.png?d=identicon" for size in sizes}
    return {
        "self": f"{API}/rest/api/3/user?accountId={account}",
        "accountId": account,
        "emailAddress": f"{name.lower()}@example.com",
        "avatarUrls": avatars,
        "displayName": f"{name} Example",
        "active": True,
        "timeZone": "Europe/Berlin",
        "accountType": "atlassian",
    }


def _named(what: str, number: int, name: str, **more: Any) -> dict[str, Any]:
    return {
        "self": f"{API}/rest/api/3/{what}/{number}",
        "id": str(number),
        "name": name,
        "description": f"What {name} means on this site, in the words of whoever set it up.",
        "iconUrl": f"{API}/images/icons/{what}/{name.lower()}.svg",
        **more,
    }


def _issue(number: int, description: dict[str, Any]) -> dict[str, Any]:
    category = {
        "self": f"{API}/rest/api/3/statuscategory/4",
        "id": 4,
        "key": "indeterminate",
        "colorName": "yellow",
        "name": "In Progress",
    }
    project = _named("project", 10000, "Demo", key="DEMO", projectTypeKey="software")
    return {
        "expand": "renderedFields,names,schema,operations,editmeta,changelog",
        "id": str(10000 + number),
        "key": f"DEMO-{number}",
        "self": f"{API}/rest/api/3/issue/{10000 + number}",
        "fields": {
            "summary": "Sign-in fails behind the proxy",
            "status": _named("status", 3, "In Progress", statusCategory=category),
            "issuetype": _named("issuetype", 10004, "Bug", subtask=False, hierarchyLevel=0),
            "priority": _named("priority", 2, "High"),
            "project": project | {"avatarUrls": _person("Demo")["avatarUrls"], "simplified": False},
            "assignee": _person("Ada"),
            "reporter": _person("Ben"),
            "creator": _person("Ben"),
            "labels": ["proxy", "sign-in"],
            "components": [_named("component", 10010, "Gateway")],
            "fixVersions": [],
            "parent": None,
            "duedate": None,
            "resolution": None,
            "created": "2026-11-02T09:12:44.000+0000",
            "updated": "2026-11-20T16:03:01.000+0000",
            "description": description,
        },
    }


def _described(times: int) -> dict[str, Any]:
    return from_markdown("The callback **never** arrives, see `proxy.log`.\n\n" * times)


ISSUE = _issue(2, _described(6))
SEARCH = {
    "issues": [_issue(number + 1, _described(6)) for number in range(ISSUES)],
    "isLast": True,
}


def _page() -> dict[str, Any]:
    body = json.dumps(from_markdown(page(PAGE_BYTES // 6)))
    return {
        "id": "1001",
        "status": "current",
        "title": "Release notes",
        "spaceId": "2001",
        "parentId": "1000",
        "parentType": "page",
        "position": 12,
        "authorId": "account-ada",
        "ownerId": "account-ada",
        "lastOwnerId": None,
        "createdAt": "2026-11-02T09:12:44.000Z",
        "version": {
            "number": 7,
            "message": "",
            "minorEdit": False,
            "authorId": "account-ben",
            "createdAt": "2026-11-20T16:03:01.000Z",
        },
        "body": {"atlas_doc_format": {"representation": "atlas_doc_format", "value": body}},
        "_links": {"webui": "/spaces/DEMO/pages/1001", "base": "https://demo.example.com/wiki"},
    }


CONFLUENCE_PAGE = _page()
PEOPLE = {
    "results": [
        {"accountId": f"account-{name.lower()}", "displayName": f"{name} Example"}
        for name in ("Ada", "Ben")
    ]
}
ANSWERS: dict[str, Any] = {
    "/search/jql": SEARCH,
    "/api/v2/pages/": CONFLUENCE_PAGE,
    "/users-bulk": PEOPLE,
    "/issue/DEMO-2": ISSUE,
}
"""What a request whose path holds the key is answered with, the first that fits."""
