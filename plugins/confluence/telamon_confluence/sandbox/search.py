"""The emulated CQL searches, with highlighted excerpts and cursors."""

import html
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from telamon.plugin import Operation, SandboxRequest
from telamon_confluence.sandbox import asking, forms
from telamon_confluence.sandbox.cql import CqlError, parse
from telamon_confluence.sandbox.cql_meaning import Asker, Entry, matching, words
from telamon_confluence.sandbox.index import entries, people_entries
from telamon_confluence.sandbox.records import Attachment, Comment, Content, Space
from telamon_confluence.sandbox.replies import invalid, timestamp, v1
from telamon_confluence.sandbox.site import SiteState

_EXCERPTS = ("highlight", "indexed", "none", "highlight_unescaped", "indexed_unescaped")
_EXCERPT_LENGTH = 200


def operations(site: Callable[[SandboxRequest], SiteState]) -> Sequence[Operation]:
    """Return the operations; *site* gives the state that a request is about."""

    def search(request: SandboxRequest) -> Any:
        state = site(request)
        found, searched = _matches(request, state, entries(state, request.person))
        form = asking.choice(request, "excerpt", _EXCERPTS) or "highlight"
        limit = asking.number(request, "limit", 25, 0, 250)
        start = asking.offset(request) or asking.number(request, "start", 0, 0, 10**6)
        shown = found[start : start + limit]
        links = {"base": f"{request.site.url}/wiki", "context": "/wiki"}
        if start + limit < len(found):
            query = {**asking.onward(request, start + limit), "next": ["true"]}
            links["next"] = "/rest/api/search?" + urlencode(query, doseq=True)
        return {
            "results": [_result(state, entry, searched, form) for entry in shown],
            "start": start,
            "limit": limit,
            "size": len(shown),
            "totalSize": len(found),
            "cqlQuery": request.value("cql"),
            "searchDuration": 12,
            "_links": links,
        }

    def search_people(request: SandboxRequest) -> Any:
        state = site(request)
        found, _ = _matches(request, state, people_entries(state))
        limit = asking.number(request, "limit", 25, 0, 250)
        start = asking.number(request, "start", 0, 0, 10**6)
        shown = found[start : start + limit]
        results: list[dict[str, Any]] = [
            {
                "user": forms.person(request, entry.record),
                "title": entry.title,
                "excerpt": "",
                "url": f"/people/{entry.record.account_id}",
                "breadcrumbs": [],
                "entityType": "user",
                "iconCssClass": "",
                "lastModified": timestamp(entry.modified),
                "score": 0.0,
            }
            for entry in shown
        ]
        return {
            "results": results,
            "start": start,
            "limit": limit,
            "size": len(shown),
            "totalSize": len(found),
            "cqlQuery": request.value("cql"),
            "searchDuration": 7,
            "_links": {"base": f"{request.site.url}/wiki", "context": "/wiki"},
        }

    shared = ("cql", "start", "limit", "expand", "sitePermissionTypeFilter")
    more = (
        "cqlcontext",
        "cursor",
        "next",
        "prev",
        "includeArchivedSpaces",
        "excludeCurrentSpaces",
        "excerpt",
        "_",
    )
    families = ("search:confluence", "read:content-details:confluence")
    return [
        v1("GET", "/search", families, search, (*shared, *more)),
        v1("GET", "/search/user", ("read:content-details:confluence",), search_people, shared),
    ]


def _matches(
    request: SandboxRequest, state: SiteState, everything: Sequence[Entry]
) -> tuple[list[Entry], list[str]]:
    cql = request.value("cql")
    if not cql:
        raise invalid("The query parameter 'cql' is required.")
    try:
        query = parse(cql)
        asker = Asker(account_id=request.person.account_id, now=state.clock())
        return matching(query, everything, asker), list(words(query.condition))
    except CqlError as error:
        raise invalid(f"Could not parse cql : {cql} ({error})") from None


def _result(state: SiteState, entry: Entry, searched: list[str], form: str) -> dict[str, Any]:
    space = state.space_by_key(entry.space)
    result: dict[str, Any] = {
        "title": _highlighted(entry.title, searched),
        "excerpt": _excerpt(entry.text, searched, form),
        "url": _url(state, entry),
        "resultGlobalContainer": {
            "title": space.name if space else "",
            "displayUrl": f"/spaces/{entry.space}",
        },
        "breadcrumbs": [],
        "entityType": "space" if entry.kind == "space" else "content",
        "iconCssClass": f"aui-icon content-type-{entry.kind}",
        "lastModified": timestamp(entry.modified),
        "friendlyLastModified": timestamp(entry.modified)[:10],
        "score": 0.0,
    }
    base = f"{state.site.url}/wiki/rest/api"
    if isinstance(entry.record, Space):
        result["space"] = {
            "id": entry.record.id,
            "key": entry.record.key,
            "name": entry.record.name,
            "type": entry.record.kind,
            "status": entry.record.status,
            "_links": {"self": f"{base}/space/{entry.record.key}"},
        }
        return result
    number = f"att{entry.id}" if entry.kind == "attachment" else entry.id
    result["content"] = {
        "id": number,
        "type": entry.kind,
        "status": "current",
        "title": entry.title,
        "childTypes": {},
        "macroRenderedOutput": {},
        "restrictions": {},
        "_expandable": {"container": "", "space": f"/rest/api/space/{entry.space}"},
        "_links": {"webui": _url(state, entry), "self": f"{base}/content/{number}"},
    }
    return result


def _url(state: SiteState, entry: Entry) -> str:
    match entry.record:
        case Content() as content:
            return forms.webui(state, content)
        case Comment() as comment:
            on = forms.webui(state, state.contents[comment.content])
            return f"{on}?focusedCommentId={comment.id}"
        case Attachment() as attachment:
            return str(forms.attachment(state, attachment)["webuiLink"])
        case _:
            return f"/spaces/{entry.space}"


def _excerpt(text: str, searched: list[str], form: str) -> str:
    if form == "none":
        return ""
    line = " ".join(text.split())
    places = [line.casefold().find(word.casefold()) for word in searched]
    at = min((place for place in places if place >= 0), default=0)
    start = max(0, at - _EXCERPT_LENGTH // 2)
    piece = line[start : start + _EXCERPT_LENGTH]
    if not form.endswith("unescaped"):
        piece = html.escape(piece)
    return _highlighted(piece, searched) if form.startswith("highlight") else piece


def _highlighted(text: str, searched: list[str]) -> str:
    plain = [re.escape(word.strip('"')) for word in searched if word.strip('"')]
    if not plain:
        return text
    return re.sub(rf"\b({'|'.join(plain)})", r"@@@hl@@@\1@@@endhl@@@", text, flags=re.IGNORECASE)
