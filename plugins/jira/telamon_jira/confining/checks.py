"""What is checked, and narrowed, before a request may leave."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import replace

from telamon.plugin import Asking, Rejected
from telamon.plugin.queries import narrowed
from telamon_jira.confining.bodies import Named, named
from telamon_jira.confining.whereabouts import KEYS, Whereabouts, refused
from telamon_jira.values import items, members

Check = Callable[[Whereabouts, Asking], Awaitable[Asking]]
"""Returns the request as it may be sent, or raises as :class:`telamon.plugin.Guard` says."""

SUGGESTED = frozenset(
    {
        "assignee",
        "creator",
        "issuetype",
        "priority",
        "reporter",
        "resolution",
        "status",
        "statuscategory",
        "type",
        "voter",
        "watcher",
    }
)
"""Fields whose values are the whole site's, not what people wrote in some project."""
KEYED = ["id", "key"]
"""The fields to ask for where ids alone would do: an id does not tell where an issue is."""
REFUSALS: Mapping[str, str] = {
    "project": "Specify a valid project ID or key",
    "parent": "Could not find issue by id or key.",
}
"""What Jira says of a field's value that names nothing."""


def in_path(kind: str, segment: str) -> Check:
    """Check the thing that a segment of the path names."""

    async def check(where: Whereabouts, asking: Asking) -> Asking:
        await where.require(kind, asking.segments[segment])
        return asking

    return check


def in_query(kinds: Mapping[str, str], *free: str) -> Check:
    """Check the things that query values name; a value that is neither in *free* is refused."""

    async def check(where: Whereabouts, asking: Asking) -> Asking:
        for name, value in asking.query.items():
            if value is None or name in free:
                continue
            if name not in kinds:
                raise refused(f" ({name})")
            await where.require(kinds[name], value)
        return asking

    return check


def stored_only(asking: Asking) -> None:
    """Refuse texts that Jira renders: a link in them has the summary of the issue as its title.

    Raises:
        Forbidden: The query or the body asks for one.
    """
    for asked in (asking.query.get("expand"), members(asking.body).get("expand")):
        named = ",".join(map(str, items(asked))) or str(asked)
        if "rendered" in named.casefold():
            raise refused(": rendered texts can hold the summaries of other projects' issues")


async def in_body(where: Whereabouts, asking: Asking) -> Asking:
    """Check everything that the body names."""
    async for outside in _outside(where, named(asking.body)):
        raise where.missing(outside.kind)
    return asking


async def in_fields(where: Whereabouts, asking: Asking) -> Asking:
    """Check everything that an issue's new values name; refuse it as Jira does a missing thing."""
    async for outside in _outside(where, named(asking.body)):
        said = REFUSALS.get(outside.member)
        if said is None:
            raise where.missing(outside.kind)
        raise Rejected(
            f"Jira refused this as not valid ({outside.member}: {said}); correct the arguments "
            "and call again.",
            fields={outside.member: said},
        )
    return asking


async def in_targets(where: Whereabouts, asking: Asking) -> Asking:
    """Check where issues are moved to: ``<project>,<type>[,<parent>]``."""
    for target in members(members(asking.body).get("targetToSourcesMapping")):
        project, _, parent = (*target.split(",", 2), "", "")[:3]
        await where.require("project", project)
        if parent:
            await where.require("issue", parent)
    return asking


async def jql_in_body(where: Whereabouts, asking: Asking) -> Asking:
    """Narrow the body's query, and have every issue found say its key."""
    body = members(asking.body)
    jql = narrowed(_text(body.get("jql")), await where.condition())
    if asking.path.endswith("/jql") and set(items(body.get("fields"))) <= {"id"}:
        body = {**body, "fields": KEYED}
    return replace(asking, body={**body, "jql": jql})


async def jql_in_query(where: Whereabouts, asking: Asking) -> Asking:
    """Narrow a list of issues, with or without a query of the caller's."""
    jql = narrowed(_text(asking.query.get("jql")), await where.condition())
    query = {**asking.query, "jql": jql}
    if query.get("fields") == "id":
        query["fields"] = ",".join(KEYED)
    return replace(asking, query=query)


async def current_jql(where: Whereabouts, asking: Asking) -> Asking:
    """Narrow what Jira suggests of the issues of the current search."""
    return replace(asking, query={**asking.query, "currentJQL": await where.condition()})


async def only_keys(where: Whereabouts, asking: Asking) -> Asking:
    """Ask for the allowed projects alone, as far as one question can hold their keys."""
    keys = sorted(where.projects.keys)
    return replace(asking, query={**asking.query, "keys": keys}) if len(keys) <= KEYS else asking


async def only_board(where: Whereabouts, asking: Asking) -> Asking:
    """Ask for the boards of the one allowed project, or check the project that is asked for."""
    project = asking.query.get("projectKeyOrId")
    if project is not None:
        await where.require("project", project)
    elif len(where.projects.keys) == 1:
        return replace(asking, query={**asking.query, "projectKeyOrId": min(where.projects.keys)})
    return asking


async def projects_seen(where: Whereabouts, asking: Asking) -> Asking:
    """Learn the ids and names of the projects, by which the answer will be judged."""
    await where.see_projects()
    return asking


async def suggested_field(where: Whereabouts, asking: Asking) -> Asking:
    """Refuse suggestions of values that people wrote in some project; labels can be judged."""
    if asks_for_labels(asking):
        await where.see_labels()
    elif str(asking.query.get("fieldName")).casefold() not in SUGGESTED:
        raise refused(
            ": the values of this field are suggested from all projects (those of one project "
            "are with its issue types and issues)"
        )
    return asking


def asks_for_labels(asking: Asking) -> bool:
    """Say whether suggestions of labels are asked for."""
    return str(asking.query.get("fieldName")).casefold() == "labels"


async def labels_seen(where: Whereabouts, asking: Asking) -> Asking:
    """Learn the labels that the answer may show."""
    await where.see_labels()
    return asking


async def task_in_path(where: Whereabouts, asking: Asking) -> Asking:
    """Learn which issues of a task are inside, unless this very connection began it."""
    task = str(asking.segments["taskId"])
    if await where.inside("task", task) is False:
        raise Rejected("The task associated with this taskId is not a bulk operation task.")
    return asking


async def _outside(where: Whereabouts, things: Iterable[Named]) -> AsyncIterator[Named]:
    """Yield what is outside, or is not there at all."""
    named_once = list(dict.fromkeys(things))
    issues = [thing.name for thing in named_once if thing.kind == "issue" and thing.name]
    if len(issues) > 1:
        await where.learn_issues(issues)
    for thing in named_once:
        if thing.kind == "perhaps issue":
            inside = await where.inside("issue", thing.name) is not False
        elif thing.kind == "perhaps sprint":
            inside = not await where.is_sprint(thing.member) or bool(
                await where.inside("sprint", thing.name)
            )
        else:
            inside = bool(await where.inside(thing.kind, thing.name))
        if not inside:
            yield thing


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
