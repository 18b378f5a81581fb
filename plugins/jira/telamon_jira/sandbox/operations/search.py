"""Search by JQL, page by page, and count."""

import base64
import hashlib
from typing import Any

from telamon.plugin import SandboxResponse
from telamon_jira.sandbox import jql
from telamon_jira.sandbox.operations.issues import issue_json
from telamon_jira.sandbox.operations.routing import Routes, ok
from telamon_jira.sandbox.problems import UNBOUNDED, Refused
from telamon_jira.sandbox.state import Issue
from telamon_jira.sandbox.view import View
from telamon_jira.values import items

PAGE = 50
LIMIT = 5000
FULL_LIMIT = 100


def search(view: View) -> SandboxResponse:
    """POST a search; without fields only ids are answered, and there is never a total."""
    body = view.body()
    query = body.get("jql")
    size = body.get("maxResults", PAGE)
    if not isinstance(query, str) or not query.strip():
        raise Refused(400, UNBOUNDED)
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise Refused(400, "The value of maxResults is not valid.")
    fields = [str(name) for name in items(body.get("fields"))]
    expand = [part for part in str(body.get("expand") or "").split(",") if part]
    token = body.get("nextPageToken")
    found = jql.find(view, query)
    return ok(
        token_page(
            view,
            found,
            query,
            token=str(token) if token else None,
            size=size,
            fields=fields,
            expand=expand,
        )
    )


def token_page(
    view: View,
    found: list[Issue],
    query: str,
    *,
    token: str | None,
    size: int,
    fields: list[str],
    expand: list[str],
) -> dict[str, Any]:
    """Return the page of *found* that *token* stands for, and the token of the one after it."""
    start = _start(token, query)
    size = min(size, LIMIT if not fields or set(fields) <= {"id", "key"} else FULL_LIMIT)
    page = found[start : start + size]
    if not fields or fields == ["id"]:
        shown: list[dict[str, Any]] = [{"id": str(issue.id)} for issue in page]
    else:
        shown = [issue_json(view, issue, fields, (), expand) for issue in page]
    over = start + len(page) >= len(found)
    body: dict[str, Any] = {"issues": shown, "isLast": over}
    if "names" in expand and shown:
        body["names"] = {
            name: label for issue in shown for name, label in issue.pop("names", {}).items()
        }
    if not over:
        body["nextPageToken"] = _token(start + len(page), query)
    return body


def _digest(query: str) -> str:
    return hashlib.sha256(query.encode()).hexdigest()[:12]


def _token(start: int, query: str) -> str:
    return base64.urlsafe_b64encode(f"{start}:{_digest(query)}".encode()).decode()


def _start(token: str | None, query: str) -> int:
    if token is None:
        return 0
    try:
        start, digest = base64.urlsafe_b64decode(token).decode().split(":")
    except ValueError:
        digest, start = "", ""
    if digest != _digest(query) or not start.isdigit():
        raise Refused(400, "The provided next page token is invalid or expired.")
    return int(start)


def count(view: View) -> SandboxResponse:
    """POST a query and get how many issues it matches."""
    query = view.body().get("jql")
    if not isinstance(query, str) or not query.strip():
        raise Refused(400, UNBOUNDED)
    return ok({"count": len(jql.find(view, query))})


ROUTES: Routes = {
    "POST /rest/api/3/search/jql": search,
    "POST /rest/api/3/search/approximate-count": count,
}
