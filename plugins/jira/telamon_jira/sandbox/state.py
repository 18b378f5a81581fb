"""What an emulated Jira site remembers: ids and plain data; shapes are made elsewhere."""

from dataclasses import dataclass, field
from typing import Any

from telamon.plugin import Site
from telamon_jira.values import items


@dataclass(kw_only=True, slots=True)
class Comment:
    """A comment; ``body`` is an ADF document, times are Unix seconds."""

    id: int
    author: str
    body: Any
    created: float
    updated: float
    visibility: dict[str, str] | None = None


@dataclass(kw_only=True, slots=True)
class Worklog:
    """Time that somebody logged."""

    id: int
    author: str
    seconds: int
    started: float
    created: float
    updated: float
    comment: Any = None
    visibility: dict[str, str] | None = None


@dataclass(kw_only=True, slots=True)
class Attachment:
    """A file on an issue."""

    id: int
    author: str
    filename: str
    media_type: str
    content: bytes
    created: float


@dataclass(kw_only=True, slots=True)
class RemoteLink:
    """A link to something outside Jira; ``target`` is the REST API's ``object``."""

    id: int
    target: dict[str, Any]
    global_id: str | None = None
    relationship: str | None = None
    application: dict[str, str] | None = None


@dataclass(kw_only=True, slots=True)
class Change:
    """One entry of an issue's history; ``items`` are shaped as the REST API's."""

    id: int
    author: str
    created: float
    items: list[dict[str, Any]]


@dataclass(kw_only=True, slots=True)
class Issue:
    """An issue: its fields' stored values by field id, and what hangs on it."""

    id: int
    key: str
    project: str
    values: dict[str, Any]
    comments: list[Comment] = field(default_factory=list[Comment])
    worklogs: list[Worklog] = field(default_factory=list[Worklog])
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    remote_links: list[RemoteLink] = field(default_factory=list[RemoteLink])
    watchers: list[str] = field(default_factory=list[str])
    history: list[Change] = field(default_factory=list[Change])

    def listed(self, name: str) -> list[Any]:
        """Return the values of a field that holds many."""
        return items(self.values.get(name))

    @property
    def number(self) -> int:
        """The number in the key."""
        return int(self.key.rsplit("-", 1)[1])


@dataclass(kw_only=True, slots=True)
class Link:
    """A link: *source* shows the type's outward phrase, *target* the inward one."""

    id: int
    type: str
    source: int
    target: int


@dataclass(kw_only=True, slots=True)
class Version:
    """A version of a project."""

    id: str
    name: str
    description: str = ""
    released: bool = False
    archived: bool = False
    start_date: str | None = None
    release_date: str | None = None


@dataclass(kw_only=True, slots=True)
class Component:
    """A component of a project."""

    id: str
    name: str
    description: str = ""
    lead: str | None = None


@dataclass(kw_only=True, slots=True)
class Project:
    """A project. ``strict`` ones have a workflow with fixed steps, others allow any."""

    id: str
    key: str
    name: str
    description: str
    lead: str
    strict: bool
    private: bool = False
    issue_types: tuple[str, ...] = ()
    versions: list[Version] = field(default_factory=list[Version])
    components: list[Component] = field(default_factory=list[Component])


@dataclass(kw_only=True, slots=True)
class Sprint:
    """A sprint; ``state`` is ``future``, ``active`` or ``closed``."""

    id: int
    board: int
    name: str
    state: str
    goal: str = ""
    start: float | None = None
    end: float | None = None
    completed: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """A board over one project; only ``scrum`` boards have sprints."""

    id: int
    name: str
    type: str
    project: str


@dataclass(frozen=True, slots=True)
class Filter:
    """A saved search."""

    id: str
    name: str
    owner: str
    jql: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard, of which only name and owner are known here."""

    id: str
    name: str
    owner: str


@dataclass(frozen=True, slots=True)
class User:
    """Somebody the site knows; the sandbox's people are among them."""

    account_id: str
    name: str
    email: str | None
    time_zone: str = "Europe/Berlin"
    account_type: str = "atlassian"


@dataclass(kw_only=True, slots=True)
class SiteState:
    """Everything on one site."""

    site: Site
    users: dict[str, User]
    projects: dict[str, Project] = field(default_factory=dict[str, Project])
    issues: dict[int, Issue] = field(default_factory=dict[int, Issue])
    links: dict[int, Link] = field(default_factory=dict[int, Link])
    boards: dict[int, Board] = field(default_factory=dict[int, Board])
    sprints: dict[int, Sprint] = field(default_factory=dict[int, Sprint])
    filters: list[Filter] = field(default_factory=list[Filter])
    dashboards: list[Dashboard] = field(default_factory=list[Dashboard])
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    moved_keys: dict[str, int] = field(default_factory=dict[str, int])
    numbers: dict[str, int] = field(default_factory=dict[str, int])
    last_id: int = 20_000

    def new_id(self) -> int:
        """Return an id that nothing on this site has had."""
        self.last_id += 1
        return self.last_id

    def new_key(self, project: str) -> str:
        """Return the next issue key of *project*; numbers are never given twice."""
        self.numbers[project] = self.numbers.get(project, 0) + 1
        return f"{project}-{self.numbers[project]}"

    def find_issue(self, id_or_key: str) -> Issue | None:
        """Return the issue with that id or key, also by a key from before it was moved."""
        if id_or_key.isdigit():
            return self.issues.get(int(id_or_key))
        wanted = id_or_key.upper()
        moved = self.moved_keys.get(wanted)
        if moved is not None:
            return self.issues.get(moved)
        return next((issue for issue in self.issues.values() if issue.key == wanted), None)

    def find_project(self, id_or_key: str) -> Project | None:
        """Return the project with that id or key."""
        return next(
            (
                project
                for project in self.projects.values()
                if id_or_key.upper() in (project.key, project.id)
            ),
            None,
        )
