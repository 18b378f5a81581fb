"""Changes of what is offered, told to every client that listens, in whichever process."""

from collections.abc import Collection

import structlog

from telamon.clock import Clock
from telamon.endpoint.session import Session
from telamon.endpoint.sessions import Sessions
from telamon.endpoint.subscriptions import ListKind, Subscriptions
from telamon.storage import Storage
from telamon.storage.replicas import LISTS
from telamon.tasks import Tasks

_KINDS: dict[str, ListKind] = {"tools": "tools", "prompts": "prompts", "resources": "resources"}
_LATELY_SECONDS = 300.0
"""For so long a client that comes back to another process is told of a change again."""

log = structlog.get_logger(__name__)


class Changes:
    """Publishes ``list_changed`` (MCP, tools, prompts, resources)."""

    def __init__(
        self,
        storage: Storage,
        subscriptions: Subscriptions,
        sessions: Sessions,
        tasks: Tasks,
        clock: Clock,
    ) -> None:
        self._replicas = storage.replicas
        self._shared = storage.shared
        self._subscriptions = subscriptions
        self._sessions = sessions
        self._tasks = tasks
        self._clock = clock
        self._versions: dict[str, int] = {}
        # A process that has just begun cannot know what its clients missed.
        self._changed_at: dict[str, float] = dict.fromkeys(_KINDS, clock())
        storage.notifications.subscribe(LISTS, self._heard, missed=self._look_again)

    async def begin(self) -> None:
        """Learn what has been told before this process could be.

        Raises:
            StorageUnavailable: Nobody can tell.
        """
        if self._shared and not self._versions:
            self._versions = dict.fromkeys(_KINDS, 0) | dict(await self._replicas.list_versions())

    async def publish(self, *kinds: ListKind) -> None:
        """Tell every client of every replica that these lists have changed.

        Call it when what this process answers has changed already: clients ask at once.

        Raises:
            StorageUnavailable: The other replicas could not be told.
        """
        await self._replicas.change_lists(kinds)

    def tell_lately(self, session: Session) -> None:
        """Tell a client that comes from another process what it may have missed on the way."""
        now = self._clock()
        for kind, at in self._changed_at.items():
            if now - at < _LATELY_SECONDS:
                session.tell(f"notifications/{kind}/list_changed")

    def _heard(self, payload: str) -> None:
        kinds: list[ListKind] = [_KINDS[word] for word in payload.split(" ") if word in _KINDS]
        for kind in kinds:
            self._versions[kind] = self._versions.get(kind, 0) + 1
        self._tell(kinds)

    def _tell(self, kinds: Collection[ListKind]) -> None:
        for kind in kinds:
            self._changed_at[kind] = self._clock()
            for session in self._sessions:
                session.tell(f"notifications/{kind}/list_changed")
            self._subscriptions.tell(kind)

    def _look_again(self) -> None:
        self._tasks.start(self._recheck(), name="recheck lists")

    async def _recheck(self) -> None:
        """Find out what has changed while this process could not be told."""
        known, now = dict(self._versions), await self._replicas.list_versions()
        self._versions |= now
        self._tell([_KINDS[kind] for kind in _KINDS if now.get(kind, 0) > known.get(kind, 0)])
