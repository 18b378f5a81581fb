"""The guard of one connection to Confluence: asks :data:`OPERATIONS` what each request needs."""

from telamon.plugin import Api, Asking, Json
from telamon_confluence.confining.checks import stored_only
from telamon_confluence.confining.clearing import GONE, cleared
from telamon_confluence.confining.operations import OPERATIONS
from telamon_confluence.confining.spaces import Spaces
from telamon_confluence.confining.whereabouts import Whereabouts, refused


class ConfluenceGuard:
    """Keeps requests and answers within the allowed spaces (:class:`telamon.plugin.Guard`)."""

    def __init__(self, api: Api, allowed: frozenset[str]) -> None:
        """Take the connection as it is without a guard, and the keys of the allowed spaces.

        Raises:
            ValueError: One of them is not the key of a space.
        """
        self._where = Whereabouts(api, Spaces(allowed))

    async def outgoing(self, asking: Asking) -> Asking:
        """Return the request as it may be sent.

        Raises:
            NotFound: It is about something outside.
            Forbidden: It cannot be kept within the allowed spaces.
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
        shown = cleared(answer, self._where.spaces)
        if rule.answer is not None and shown is not GONE:
            shown = rule.answer(self._where, asking, shown)
        if shown is GONE:
            raise self._where.missing()
        return shown
