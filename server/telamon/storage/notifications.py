"""Short messages to every replica: PostgreSQL NOTIFY, or just this process on SQLite."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex
from typing import Any, Final

import asyncpg
import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.storage.engine import Database

Callback = Callable[[str], None]

_log = structlog.get_logger(__name__)
_CHANNEL: Final = "telamon"
_CONNECT_SECONDS: Final = 5.0
_LONGEST_PAUSE: Final = 5.0


class Notifications:
    """Publish and subscribe by topic, at most once and without memory.

    A subscriber of the publishing process hears at once, the others within a round trip. While
    the listening connection of a replica is down, messages pass it by: :attr:`connected` is False
    then, and when it is back every ``missed`` callback is called.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._origin = token_hex(8)
        self._subscribers: dict[str, list[tuple[Callback, Callable[[], None] | None]]] = {}
        self._listener: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether what other replicas publish arrives here now."""
        return self._database.is_sqlite or self._listening.is_set()

    def subscribe(
        self, topic: str, callback: Callback, *, missed: Callable[[], None] | None = None
    ) -> Callable[[], None]:
        """Call *callback* with every payload of *topic*; the returned function ends that.

        *missed* is called after an outage in which messages may have been lost.
        """
        entry = (callback, missed)
        self._subscribers.setdefault(topic, []).append(entry)

        def unsubscribe() -> None:
            with suppress(ValueError):
                self._subscribers[topic].remove(entry)

        return unsubscribe

    async def publish(self, topic: str, payload: str) -> None:
        """Tell every subscriber of *topic*, here and on the other replicas.

        At most about 7,900 bytes (the limit of NOTIFY is 8,000).

        Raises:
            StorageUnavailable: the other replicas could not be told.
        """
        self._deliver(topic, payload)
        if self._database.is_sqlite:
            return
        message = json.dumps([self._origin, topic, payload], separators=(",", ":"))

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(select(func.pg_notify(_CHANNEL, message)))

        await self._database.write(work, idempotent=True)

    async def start(self) -> None:
        """Begin to listen; on PostgreSQL this returns once the first LISTEN stands."""
        if self._database.is_sqlite:
            return
        self._listener = asyncio.create_task(self._listen(), name="storage notifications")
        await self._listening.wait()

    async def stop(self) -> None:
        """End the listening connection."""
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
            self._listener = None
        self._listening.clear()

    async def _listen(self) -> None:
        pause = 0.1
        first = True
        while True:
            try:
                connection = await self._connect()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("storage.notifications.unreachable", error=type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            pause = 0.1
            ended = asyncio.Event()
            connection.add_termination_listener(lambda _, ended=ended: ended.set())
            try:
                self._listening.set()
                if not first:
                    self._tell_missed()
                first = False
                if not connection.is_closed():
                    await ended.wait()
                _log.warning("storage.notifications.lost")
            finally:
                self._listening.clear()
                connection.terminate()

    async def _connect(self) -> Any:
        url = self._database.engine.url.set(drivername="postgresql")
        dsn = url.render_as_string(hide_password=False)
        connection = await asyncpg.connect(dsn, timeout=_CONNECT_SECONDS)
        try:
            await connection.add_listener(_CHANNEL, self._heard)
        except BaseException:
            connection.terminate()
            raise
        return connection

    def _heard(self, _connection: Any, _pid: int, _channel: str, message: object) -> None:
        try:
            origin, topic, payload = json.loads(str(message))
        except ValueError:
            _log.warning("storage.notifications.unreadable")
            return
        if origin != self._origin:
            self._deliver(topic, payload)

    def _deliver(self, topic: str, payload: str) -> None:
        for callback, _ in tuple(self._subscribers.get(topic, ())):
            try:
                callback(payload)
            except Exception:  # one subscriber's fault must not silence the next
                _log.exception("storage.notifications.subscriber_failed", topic=topic)

    def _tell_missed(self) -> None:
        for topic, entries in tuple(self._subscribers.items()):
            for _, missed in tuple(entries):
                try:
                    if missed is not None:
                        missed()
                except Exception:  # as above
                    _log.exception("storage.notifications.subscriber_failed", topic=topic)
