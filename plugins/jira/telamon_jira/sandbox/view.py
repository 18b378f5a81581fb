"""One request as a handler sees it: who asks, on which site, and what this person may see."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from telamon.plugin import SandboxRequest, World
from telamon_jira.sandbox.problems import NO_ISSUE, Refused
from telamon_jira.sandbox.state import Issue, Project, SiteState, User
from telamon_jira.values import members

READ_ONLY_PROJECT = "OPS"
"""What everybody but the sandbox's first person may only read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """A request, the site's state, and the rules about both.

    The first person of the world sees and may do everything; others do not see private projects
    or other sites than the first, and may only read :data:`READ_ONLY_PROJECT`.
    """

    world: World
    state: SiteState
    request: SandboxRequest

    @property
    def account_id(self) -> str:
        """Who asks."""
        return self.request.person.account_id

    @property
    def trusted(self) -> bool:
        """Whether this is the person who may do everything."""
        return self.account_id == self.world.people[0].account_id

    @property
    def now(self) -> float:
        """The sandbox's time in Unix seconds."""
        return self.world.now()

    def body(self) -> dict[str, Any]:
        """Return the request's JSON object."""
        found: Any = self.request.body
        if not isinstance(found, dict):
            raise Refused(400, "Invalid request payload. Refer to the REST API documentation.")
        return members(found)

    def query(self, name: str) -> str | None:
        """Return a query value."""
        return self.request.value(name)

    def queries(self, name: str) -> list[str]:
        """Return the values of a list parameter, given repeatedly or with commas."""
        return [
            part.strip()
            for value in self.request.query.get(name, ())
            for part in value.split(",")
            if part.strip()
        ]

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a boolean query value."""
        value = self.query(name)
        return default if value is None else value == "true"

    def number(self, name: str, default: int, maximum: int | None = None) -> int:
        """Return a whole query value of at least 0 and at most *maximum*."""
        value = self.query(name)
        if value is None:
            return default
        if not value.isdigit():
            raise Refused(400, f"The value '{value}' of '{name}' is not a valid number.")
        return int(value) if maximum is None else min(int(value), maximum)

    def may_see(self, project: Project) -> bool:
        """Say whether this person may browse *project*."""
        if self.trusted:
            return True
        return self.state.site == self.world.sites[0] and not project.private

    def may_edit(self, project: Project) -> bool:
        """Say whether this person may change anything in *project*."""
        return self.trusted or (self.may_see(project) and project.key != READ_ONLY_PROJECT)

    def projects(self) -> Iterator[Project]:
        """Yield the projects this person may browse."""
        return (found for found in self.state.projects.values() if self.may_see(found))

    def project(self, id_or_key: str) -> Project:
        """Return a project this person may browse."""
        found = self.state.find_project(id_or_key)
        if found is None or not self.may_see(found):
            raise Refused(404, f"No project could be found with key '{id_or_key}'.")
        return found

    def project_of(self, issue: Issue) -> Project:
        """Return the project that *issue* is in."""
        return self.state.projects[issue.project]

    def issues(self) -> Iterator[Issue]:
        """Yield the issues this person may see."""
        return (
            issue for issue in self.state.issues.values() if self.may_see(self.project_of(issue))
        )

    def issue(self, id_or_key: str) -> Issue:
        """Return an issue this person may see."""
        found = self.state.find_issue(id_or_key)
        if found is None or not self.may_see(self.project_of(found)):
            raise Refused(404, NO_ISSUE)
        return found

    def editable(self, id_or_key: str) -> Issue:
        """Return an issue this person may change."""
        found = self.issue(id_or_key)
        self.require_edit(self.project_of(found))
        return found

    def require_edit(self, project: Project) -> None:
        """Refuse the request if this person may not change anything in *project*."""
        if not self.may_edit(project):
            raise Refused(403, f"You do not have permission to edit issues in {project.key}.")

    def user(self, account_id: str) -> User | None:
        """Return somebody the site knows."""
        return self.state.users.get(account_id)

    def moment(self, seconds: float) -> str:
        """Return a time as the Jira platform writes it, in this person's time zone."""
        zone = ZoneInfo(self.request.person.time_zone)
        at = datetime.fromtimestamp(seconds, tz=UTC).astimezone(zone)
        return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}{at:%z}"

    def instant(self, seconds: float | None) -> str | None:
        """Return a time as Jira Software writes it, in UTC."""
        if seconds is None:
            return None
        at = datetime.fromtimestamp(seconds, tz=UTC)
        return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"

    def rest(self, path: str) -> str:
        """Return the gateway address that Jira puts into ``self``."""
        cloud = self.state.site.cloud_id
        return f"https://api.atlassian.com/ex/jira/{cloud}/rest/api/3/{path}"
