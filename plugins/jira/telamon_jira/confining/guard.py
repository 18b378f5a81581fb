"""The guard of one connection to Jira: asks :data:`OPERATIONS` what each request needs."""

from telamon.plugin import Api, Asking, Json
from telamon_jira.confining.checks import stored_only
from telamon_jira.confining.clearing import GONE, cleared
from telamon_jira.confining.operations import OPERATIONS
from telamon_jira.confining.projects import Projects
from telamon_jira.confining.whereabouts import Whereabouts, refused


class JiraGuard:
    """Keeps requests and answers within the allowed projects (:class:`telamon.plugin.Guard`)."""

    def __init__(self, api: Api, allowed: frozenset[str]) -> None:
        """Take the connection as it is without a guard, and the keys of the allowed projects.

        Raises:
            ValueError: One of them is not the key of a project.
        """
        self._where = Whereabouts(api, Projects.of(allowed))

    async def outgoing(self, asking: Asking) -> Asking:
        """Return the request as it may be sent.

        Raises:
            NotFound, Rejected: It is about something outside.
            Forbidden: It cannot be kept within the allowed projects.
        """
        rule = OPERATIONS.get(f"{asking.method} {asking.path}")
        if rule is None:
            raise refused()
        stored_only(asking)
        for check in rule.before:
            asking = await check(self._where, asking)
        return asking

    def incoming(self, asking: Asking, answer: Json) -> Json:
        """Return the answer without what is outside.

        Raises:
            NotFound: Nothing is left of it.
        """
        rule = OPERATIONS[f"{asking.method} {asking.path}"]
        shown = cleared(answer, self._where.projects)
        if rule.answer is not None and shown is not GONE:
            shown = rule.answer(self._where, asking, answer, shown)
        if shown is GONE:
            raise self._where.missing()
        return shown
