"""The other processes on the same database: what they need of ours, and we of theirs.

On a SQLite file there are none: nothing is written for them and nobody is asked.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from aiohttp import web

from telamon.clock import Clock
from telamon.endpoint.bearer import Admission, Bearer
from telamon.endpoint.changes import Changes
from telamon.endpoint.crossing import Crossing
from telamon.endpoint.kernel import RequestId
from telamon.endpoint.lines import Lines
from telamon.endpoint.presence import Presence
from telamon.endpoint.recorder import Recorder
from telamon.endpoint.resuming import Place, Resuming
from telamon.endpoint.session import Session
from telamon.endpoint.sessions import Sessions
from telamon.endpoint.streams import Stream
from telamon.endpoint.subscriptions import Subscriptions
from telamon.endpoint.wire import Refused, refusal
from telamon.storage import Storage, StorageUnavailable
from telamon.storage.families import REVOKED
from telamon.tasks import Tasks

_LAST_WORDS_SECONDS = 0.25
_END_SECONDS = 1.0


class Elsewhere:
    """Puts together what several processes have in common."""

    def __init__(
        self,
        *,
        storage: Storage,
        presence: Presence,
        sessions: Sessions,
        bearer: Bearer,
        lines: Lines,
        subscriptions: Subscriptions,
        clock: Clock,
        tasks: Tasks,
    ) -> None:
        self._presence = presence
        self._keys = storage.mcp_sessions
        self._bearer = bearer
        self._lines = lines
        self._tasks = tasks
        self.crossing = Crossing(storage, presence, sessions, bearer, clock=clock, tasks=tasks)
        self.changes = Changes(storage, subscriptions, sessions, tasks, clock)
        self._resuming = Resuming(storage, presence, lines, clock)
        self._recorder = Recorder(storage.mcp_streams, tasks, clock)
        storage.notifications.subscribe(REVOKED, self._revoked, missed=self._revoked)

    async def begin(self) -> None:
        """Take part, from the first request on.

        Raises:
            StorageUnavailable: It could not be said.
        """
        if self._presence.shared:
            await self.changes.begin()
            await self._presence.begin(self._beat)

    async def _beat(self) -> None:
        self.crossing.beat()
        await self._resuming.beat()

    async def keep(
        self, session: Session, stream: Stream, owed: Sequence[tuple[RequestId, bool]]
    ) -> None:
        """Have *stream* outlive this process, if there are others."""
        if self._presence.shared:
            await self._recorder.begin(self._keys.key(session.id), stream, owed)

    async def resume(
        self,
        request: web.Request,
        admission: Admission,
        session: Session,
        place: Place,
    ) -> web.StreamResponse:
        """Go on with a stream that this process does not hold: see :meth:`Resuming.follow`.

        Raises:
            Refused: 404, there is none.
        """
        if not self._presence.shared:
            raise Refused(refusal(404, "Unknown Last-Event-ID"))
        self.crossing.claim(session, place.number, place.owner)
        return await self._resuming.follow(request, admission, session, place)

    def _revoked(self, family_id: str | None = None) -> None:
        self._bearer.forget(family_id)
        self._tasks.start(self._look_again(family_id), name="recheck streams")

    async def _look_again(self, family_id: str | None) -> None:
        # A call that found its user's access ended has something to say to its client.
        await asyncio.sleep(_LAST_WORDS_SECONDS)
        await self._lines.look_again(family_id)

    async def end(self) -> None:
        """Write what is left to write, and take no part any more; a second at most."""
        await self._recorder.written(_END_SECONDS / 2)
        with suppress(StorageUnavailable, TimeoutError):  # it is found to be dead in a few seconds
            async with asyncio.timeout(_END_SECONDS / 2):
                await self._presence.end()
