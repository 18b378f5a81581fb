"""Which projects things are in; Jira is asked once for each thing while a guard lives.

What does not exist, and what this user may not see, is outside.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telamon.plugin import Api, Forbidden, NotFound, Rejected
from telamon_jira.confining import files, filters, labels, tasks
from telamon_jira.confining.narrowing import condition
from telamon_jira.confining.projects import ISSUE_KEY, NUMBER, Projects
from telamon_jira.values import members, objects

FETCHED = 100
"""How many issues Jira reads in one request."""
KEYS = 50
"""How many keys Jira takes in one question for projects."""
NO_ISSUE = ' ("Issue does not exist or you do not have permission to see it.")'
"""Jira's own words for an issue that is missing."""


@dataclass(frozen=True, slots=True)
class Project:
    """An allowed project that this user may see."""

    id: str
    key: str
    name: str


class Whereabouts:
    """Answers what is inside the allowed projects, for one user on one site."""

    def __init__(self, api: Api, projects: Projects) -> None:
        self._api = api
        self.projects = projects
        self.visible: tuple[Project, ...] = ()
        self.inside_ids: set[str] = set()
        self.begun: set[str] = set()
        self.labels: set[str] = set()
        self._known: dict[tuple[str, str], bool | None] = {}
        self._asking: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._ask: Mapping[str, Callable[[str], Awaitable[bool | None]]] = {
            "issue": self._issue,
            "project": self._project,
            "board": self._board,
            "sprint": self._sprint,
            "version": self._version,
            "link": self._link,
            "attachment": self._attachment,
            "filter": self._filter,
            "task": self._task,
            "visible": self._visible,
            "labels": self._labels,
            "sprint field": self._sprint_field,
        }

    async def inside(self, kind: str, name: object) -> bool | None:
        """Say whether the *kind* of thing with that id or key is inside; ``None``: there is none.

        *kind* is issue, project, board, sprint, version, link, attachment, filter or task.
        """
        thing = kind, str(name).upper()
        async with self._asking[thing]:
            if thing not in self._known:
                self._known[thing] = await self._ask[kind](thing[1])
            return self._known[thing]

    async def require(self, kind: str, name: object) -> None:
        """Raise what Jira says of a thing that does not exist unless this one is inside."""
        if not await self.inside(kind, name):
            raise self.missing(kind)

    def missing(self, kind: str = "issue") -> NotFound:
        """Return what the model reads of a thing that does not exist."""
        said = NO_ISSUE if kind == "issue" else ""
        return NotFound(
            f"Jira on {self._api.site.name} has no such thing, or this user may not see it{said}; "
            "check the id or key."
        )

    async def is_sprint(self, field: str) -> bool:
        """Say whether a custom field holds sprints."""
        return await self.inside("sprint field", field) is True

    async def see_projects(self) -> None:
        """Learn which of the allowed projects this user may see, and their ids and names."""
        await self.inside("visible", "")

    async def see_labels(self) -> None:
        """Learn which labels issues inside have."""
        await self.inside("labels", "")

    async def condition(self) -> str:
        """Return the JQL of being inside; of several projects only visible ones may be named."""
        if len(self.projects.keys) == 1:
            return condition(self.projects.keys)
        await self.see_projects()
        return condition([project.key for project in self.visible])

    async def get(self, path: str, **segments: str) -> dict[str, Any] | None:
        """Read a thing to learn where it is; ``None`` if there is none."""
        try:
            return members(await self._api.get(path, **segments))
        except (NotFound, Rejected):
            return None

    async def _visible(self, _nothing: str) -> bool:
        keys = sorted(self.projects.keys)
        pages = [keys[start : start + KEYS] for start in range(0, len(keys), KEYS)]
        answers = [
            members(
                await self._api.get("/rest/api/3/project/search", {"keys": page, "maxResults": 50})
            )
            for page in pages
        ]
        self.visible = tuple(
            Project(str(found.get("id")), str(found["key"]), str(found.get("name")))
            for answer in answers
            for found in objects(answer.get("values"))
            if self.projects.hold(found.get("key"))
        )
        return True

    async def _labels(self, _nothing: str) -> bool:
        self.labels = await labels.in_use(self._api, await self.condition())
        return True

    async def _issue(self, name: str) -> bool | None:
        if not ISSUE_KEY.fullmatch(name) and not NUMBER.fullmatch(name):
            return None
        try:
            found = members(
                await self._api.get(
                    "/rest/api/3/issue/{issueIdOrKey}", {"fields": "project"}, issueIdOrKey=name
                )
            )
        except NotFound:
            return None
        return self._judged(found)

    async def learn_issues(self, names: Sequence[str]) -> None:
        """Ask for many issues together; those that answer to an old key stay unknown."""
        pages = [names[start : start + FETCHED] for start in range(0, len(names), FETCHED)]
        answers = await asyncio.gather(
            *(
                self._api.read(
                    "/rest/api/3/issue/bulkfetch", {"issueIdsOrKeys": page, "fields": ["project"]}
                )
                for page in pages
            )
        )
        for answer in answers:
            for found in objects(members(answer).get("issues")):
                inside = self._judged(found)
                for name in (str(found.get("id")), str(found.get("key"))):
                    self._known["issue", name] = inside

    def _judged(self, found: dict[str, Any]) -> bool:
        inside = self.projects.hold_issue(found.get("key"))
        if inside:
            self.inside_ids.add(str(found.get("id")))
        return inside

    async def _project(self, name: str) -> bool:
        if not NUMBER.fullmatch(name):
            return self.projects.hold(name)
        await self.see_projects()
        return name in (project.id for project in self.visible)

    async def _board(self, name: str) -> bool:
        found = await self.get("/rest/agile/1.0/board/{boardId}", boardId=name)
        return self.holds_board(found)

    def holds_board(self, found: dict[str, Any] | None) -> bool:
        """Say whether a board is a project's that is allowed; one of a person's own is not."""
        return self.projects.hold(members(members(found).get("location")).get("projectKey"))

    async def _sprint(self, name: str) -> bool | None:
        found = await self.get("/rest/agile/1.0/sprint/{sprintId}", sprintId=name)
        board = members(found).get("originBoardId")
        return await self.inside("board", board) if board else None

    async def _version(self, name: str) -> bool | None:
        found = await self.get("/rest/api/3/version/{id}", id=name)
        return await self.inside("project", members(found).get("projectId")) if found else None

    async def _link(self, name: str) -> bool | None:
        found = await self.get("/rest/api/3/issueLink/{linkId}", linkId=name)
        ends = [members(members(found).get(end)) for end in ("inwardIssue", "outwardIssue")]
        return all(self.projects.hold_issue(end.get("key")) for end in ends)

    async def _attachment(self, name: str) -> bool | None:
        about = await self.get("/rest/api/3/attachment/{id}", id=name)
        if about is None:
            return None
        return await files.is_inside(self._api, name, about, await self.condition())

    async def _filter(self, name: str) -> bool | None:
        found = await self.get("/rest/api/3/filter/{id}", id=name)
        await self.see_projects()
        return None if found is None else self.holds_filter(found)

    def holds_filter(self, found: dict[str, Any]) -> bool:
        """Say whether a saved search names, and is shared with, no project but allowed ones."""
        if "jql" not in found or self.is_shared_outside(found):
            return False
        words = {w.casefold() for p in self.visible for w in (p.id, p.key, p.name)}
        return filters.stays_within(str(found["jql"] or ""), words, self.projects)

    def is_shared_outside(self, found: dict[str, Any]) -> bool:
        """Say whether a saved search or a dashboard is shared with a project outside."""
        shares = (members(share.get("project")) for share in objects(found.get("sharePermissions")))
        return any(not self.projects.hold(project.get("key")) for project in shares if project)

    async def _task(self, name: str) -> bool | None:
        """Learn which issues of a bulk operation are inside; one of others only is outside."""
        if name in self.begun:
            return True
        found = await self.get("/rest/api/3/bulk/queue/{taskId}", taskId=name)
        if found is None:
            return None
        worked_on = tasks.issue_ids(found)
        await self.learn_issues(sorted(worked_on))
        return not worked_on or not worked_on.isdisjoint(self.inside_ids)

    async def _sprint_field(self, name: str) -> bool:
        field = name.lower()
        answer = await self._api.get("/rest/api/3/field/search", {"type": "custom", "id": [field]})
        return any(
            str(members(found.get("schema")).get("custom")).endswith(":gh-sprint")
            for found in objects(members(answer).get("values"))
            if found.get("id") == field
        )


def refused(reason: str = "") -> Forbidden:
    """Return what the model reads of an operation that cannot be kept within the projects."""
    return Forbidden(
        "The operator of this server limits this connection to certain Jira projects, and this "
        f"cannot be kept within them{reason}; do something else."
    )
