"""Jira's part of the server's ``search`` and ``fetch``."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from telamon.plugin import Ari, Fetch, Hit, InvalidArgument, NotFound, Search
from telamon_jira import compact, issue_view, jql
from telamon_jira.client import Jira
from telamon_jira.converting import converted
from telamon_jira.scopes import READ_WORK
from telamon_jira.values import members, objects
from telamon_jira.wanted import Wanted

EXCERPT = 300
FOUND = Wanted(given=("summary", "issuetype", "status", "updated", "description"))
IN_PATH = re.compile(rf"/(?:browse|issues)/({jql.KEY.pattern})/?")


async def search(jira: Jira, words: str, limit: int) -> Sequence[Hit]:
    """Find issues that hold all of *words*; an issue key finds that issue first."""
    hits: list[Hit] = []
    if jql.KEY.fullmatch(words.strip()):
        with suppress(NotFound):  # then it is an ordinary word
            named = await issue_view.read(jira, words.strip(), FOUND)
            hits += await _hits(jira, [named])
    clause = jql.text_clause(words)
    if clause is None or len(hits) >= limit:
        return hits[:limit]
    answer = await jira.api.read(
        "/rest/api/3/search/jql",
        {
            "jql": f"{clause} ORDER BY updated DESC",
            "maxResults": min(limit, 100),
            "fields": FOUND.asked,
        },
    )
    seen = {hit.ari for hit in hits}
    found = await _hits(jira, objects(members(answer).get("issues")))
    return [*hits, *(hit for hit in found if hit.ari not in seen)][:limit]


async def _hits(jira: Jira, issues: list[Any]) -> list[Hit]:
    return await converted(lambda: [_hit(jira, issue) for issue in issues], issues)


def _hit(jira: Jira, raw: Any) -> Hit:
    issue = members(raw)
    fields = members(issue.get("fields"))
    key = str(issue.get("key"))
    return Hit(
        ari=jira.ari("issue", str(issue.get("id"))),
        url=jira.browse(key),
        kind=str(compact.name(fields.get("issuetype")) or "issue"),
        title=f"{key}: {fields.get('summary')}",
        excerpt=compact.words(fields.get("description"), EXCERPT),
        updated=fields.get("updated"),
    )


def claims(place: Ari | str) -> bool:
    """Say whether *place* is a Jira issue's ARI or address."""
    return issue_named(place) is not None


def issue_named(place: Ari | str) -> str | None:
    """Return the id or key of the issue that an ARI or a browser address names."""
    if isinstance(place, Ari):
        is_issue = place.product == "jira" and place.kind == "issue"
        return place.id if is_issue and re.fullmatch(r"[0-9]{1,18}", place.id) else None
    address = urlsplit(place)
    selected = parse_qs(address.query).get("selectedIssue", [""])[0]
    if jql.KEY.fullmatch(selected):
        return selected
    found = IN_PATH.search(unquote(address.path))
    whole = found and found.end() == len(unquote(address.path))
    return found[1] if found and whole else None


async def fetch(jira: Jira, place: Ari | str) -> object:
    """Read the issue that *place* names, as ``getJiraIssue`` does."""
    named = issue_named(place)
    if named is None:
        raise InvalidArgument("This is not the address of a Jira issue.")
    return await issue_view.details(jira, named)


SEARCH: Search[Jira] = Search(scopes=frozenset({READ_WORK}), run=search)
FETCH: Fetch[Jira] = Fetch(scopes=frozenset({READ_WORK}), claims=claims, run=fetch)
