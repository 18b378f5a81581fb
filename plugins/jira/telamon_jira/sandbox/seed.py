"""The first day of the emulated sites: the same data every time, dated from the sandbox's clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from telamon.plugin import World
from telamon_jira.sandbox import seed_around, seed_documents, seed_rows
from telamon_jira.sandbox.definitions import (
    BUG,
    DEFAULT_RESOLUTION,
    DONE,
    EPIC,
    STATUSES,
    STORY,
    SUBTASK,
    TASK,
    TO_DO,
)
from telamon_jira.sandbox.fields import ACCEPTANCE, POINTS, RANK, SEVERITY, SPRINT
from telamon_jira.sandbox.seed_around import DAY
from telamon_jira.sandbox.state import Change, Issue, Project, SiteState, User

CLEO = "712020:00000000-0000-4000-8000-0000000000c1"
ROBOT = "557058:00000000-0000-4000-8000-0000000000b0"
ALL_TYPES = (EPIC, STORY, TASK, BUG, SUBTASK)
FIRST_ISSUE_ID = 10_001


def site_state(world: World, number: int) -> SiteState:
    """Return the first day of the world's site *number*: the first is rich, the others small."""
    people = [
        *(
            User(person.account_id, person.name, person.email, person.time_zone)
            for person in world.people
        ),
        User(CLEO, "Cleo Sample", None, "Europe/London"),
        User(ROBOT, "Automation for Jira", None, account_type="app"),
    ]
    state = SiteState(site=world.sites[number], users={user.account_id: user for user in people})
    ada = world.people[0].account_id
    ben = world.people[1].account_id if len(world.people) > 1 else ada
    seeder = _Seeder(
        now=world.now(), state=state, names={"ada": ada, "ben": ben, "cleo": CLEO, "": None}
    )
    if number:
        _projects(
            state,
            Project(
                id="10100",
                key="LAB",
                name="Laboratory",
                description="Things that are tried out.",
                lead=ada,
                strict=False,
                issue_types=(TASK, BUG, SUBTASK),
            ),
        )
        seeder.plant({"LAB": seed_rows.LAB})
        return state
    _projects(
        state,
        Project(
            id="10000",
            key="DEMO",
            name="Demo shop",
            description="A shop that sells examples.",
            lead=ada,
            strict=True,
            issue_types=ALL_TYPES,
        ),
        Project(
            id="10001",
            key="OPS",
            name="Operations",
            description="What keeps the shop running.",
            lead=CLEO,
            strict=False,
            issue_types=(TASK, BUG, SUBTASK),
        ),
        Project(
            id="10002",
            key="SEC",
            name="Security reviews",
            description="For few eyes only.",
            lead=ada,
            strict=False,
            private=True,
            issue_types=(TASK, BUG),
        ),
    )
    seed_around.plan(state, world.now(), ada)
    seeder.plant({"DEMO": seed_rows.DEMO, "OPS": seed_rows.OPS, "SEC": seed_rows.SEC})
    seed_around.decorate(state, world.now(), ada, ben, CLEO)
    return state


def _projects(state: SiteState, *projects: Project) -> None:
    state.projects = {project.key: project for project in projects}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seeder:
    """Makes issues of rows; *names* are the account ids behind the rows' short names."""

    now: float
    state: SiteState
    names: Mapping[str, str | None]

    def plant(self, rows: Mapping[str, Sequence[seed_rows.Row]]) -> None:
        """Put the rows of each project on the site."""
        number = FIRST_ISSUE_ID
        for key, found in rows.items():
            first = number
            for row in found:
                values = self._values(self.state.projects[key], row, number)
                parent = dict(row.more).get("parent")
                if isinstance(parent, int):
                    values["parent"] = first + parent - 1
                issue = Issue(id=number, key=self.state.new_key(key), project=key, values=values)
                issue.watchers = [values["reporter"]]
                self._remember(issue)
                self.state.issues[number] = issue
                number += 1

    def _values(self, project: Project, row: seed_rows.Row, number: int) -> dict[str, Any]:
        more = dict(row.more)
        reporter = self.names["cleo"] if number % 3 == 0 else self.names["ada"]
        changed = self.now - row.age * DAY / 2
        values: dict[str, Any] = {
            "issuetype": row.type,
            "summary": row.summary,
            "status": row.status,
            "priority": row.priority,
            "assignee": self.names[row.assignee],
            "reporter": reporter,
            "creator": reporter,
            "created": self.now - row.age * DAY,
            "updated": changed,
            "description": self._description(more.get("text"), row.summary),
            RANK: f"0|i{number:05d}:",
        }
        for name, value in more.items():
            if name in MORE:
                field, store = MORE[name]
                values[field] = store(self.state, project, value)
        if "due" in more:
            values["duedate"] = seed_around.date(self.now + more["due"] * DAY)
        if row.status == DONE:
            values["resolution"] = more.get("resolution", DEFAULT_RESOLUTION)
            values["resolutiondate"] = changed
        if row.type == STORY:
            values[ACCEPTANCE] = seed_documents.document(
                seed_documents.bullets("Works on a phone", "Is translated")
            )
        return values

    def _description(self, name: str | None, summary: str) -> Any:
        if name == "checkout_bug":
            ben = self.names["ben"] or ""
            return seed_documents.checkout_bug(ben, self.state.users[ben].name)
        if name == "release_plan":
            return seed_documents.release_plan()
        if name == "guest_checkout":
            return seed_documents.guest_checkout()
        return seed_documents.document(f"{summary}. Details are agreed in the comments.")

    def _remember(self, issue: Issue) -> None:
        """Write how the issue came to its status into its history."""
        now = issue.values["status"]
        if now == TO_DO:
            return
        item = {
            "field": "status",
            "fieldtype": "jira",
            "fieldId": "status",
            "from": TO_DO,
            "fromString": STATUSES[TO_DO].name,
            "to": now,
            "toString": STATUSES[now].name,
        }
        issue.history.append(
            Change(
                id=self.state.new_id(),
                author=issue.values["assignee"] or issue.values["reporter"],
                created=issue.values["updated"],
                items=[item],
            )
        )


Store = Callable[[SiteState, Project, Any], Any]

MORE: Mapping[str, tuple[str, Store]] = MappingProxyType(
    {
        "labels": ("labels", lambda _state, _project, value: [*value]),
        "component": (
            "components",
            lambda _state, project, value: [c.id for c in project.components if c.name == value],
        ),
        "fix": (
            "fixVersions",
            lambda _state, project, value: [v.id for v in project.versions if v.name == value],
        ),
        "affects": (
            "versions",
            lambda _state, project, value: [v.id for v in project.versions if v.name == value],
        ),
        "points": (POINTS, lambda _state, _project, value: float(value)),
        "sprint": (
            SPRINT,
            lambda state, _project, value: [
                s.id for s in state.sprints.values() if s.name == value
            ],
        ),
        "severity": (SEVERITY, lambda _state, _project, value: value),
    }
)
"""Where a row's further values are stored, and as what."""
