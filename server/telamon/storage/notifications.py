"""Short messages to every replica: PostgreSQL NOTIFY, or just this process on SQLite."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex
from typing import Any, Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.storage.engine import Database, translated
from telamon.storage.errors import StorageUnavailable

Callback = Callable[[str], None]

_log = structlog.get_logger(__name__)
_CHANNEL: Final = "telamon"
_SHORTEST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_PROBE_SECONDS: Final = 10.0
_ANSWER_SECONDS: Final = 5.0


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
        self._keeper: asyncio.Task[None] | None = None
        self._line: _Line | None = None

    @property
    def connected(self) -> bool:
        """Whether what other replicas publish arrives here now."""
        return self._database.is_sqlite or self._line is not None

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
        self.deliver(topic, payload)
        if self._database.is_sqlite:
            return

        async def work(connection: AsyncConnection) -> None:
            await self.enlist(connection, topic, payload)

        await self._database.write(work, idempotent=True)

    async def enlist(self, connection: AsyncConnection, topic: str, payload: str) -> None:
        """Tell the other replicas as a part of a transaction: when it is committed, not before.

        The subscribers of this process hear of it by :meth:`deliver`, once it is.
        """
        if not self._database.is_sqlite:
            message = json.dumps([self._origin, topic, payload], separators=(",", ":"))
            await connection.execute(select(func.pg_notify(_CHANNEL, message)))

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            StorageUnavailable: PostgreSQL cannot be reached.
        """
        if not self._database.is_sqlite:
            self._line = await self._connect()
            self._keeper = asyncio.create_task(self._keep(), name="storage notifications")

    async def stop(self) -> None:
        """End the listening connection."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            self._keeper = None
        await self._hang_up()

    async def _keep(self) -> None:
        while True:
            if self._line is not None:
                await self._line.until_lost()
                _log.warning("storage.notifications.lost")
                await self._hang_up()
            pause = _SHORTEST_PAUSE
            while self._line is None:
                try:
                    self._line = await self._connect()
                except Exception as error:  # noqa: BLE001 - whatever it was, listen again
                    _log.warning("storage.notifications.unreachable", error=str(error))
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
            self._tell_missed()

    async def _connect(self) -> "_Line":
        async with translated():
            connection = await self._database.engine.connect()
        try:
            pooled = await connection.get_raw_connection()
            line = _Line(connection, pooled.driver_connection)
            pooled.detach()  # from here on the pool does not count it
            await line.driver.add_listener(_CHANNEL, self._heard)
        except BaseException as error:
            await connection.invalidate()
            await connection.close()
            if isinstance(error, Exception):  # here asyncpg's own errors come untranslated
                raise StorageUnavailable("PostgreSQL cannot be listened to") from error
            raise
        return line

    async def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.driver.terminate()
            await line.connection.invalidate()
            await line.connection.close()

    def _heard(self, _connection: Any, _pid: int, _channel: str, message: object) -> None:
        try:
            origin, topic, payload = json.loads(str(message))
        except ValueError:
            _log.warning("storage.notifications.unreadable")
            return
        if origin != self._origin:
            self.deliver(topic, payload)

    def deliver(self, topic: str, payload: str) -> None:
        """Call the subscribers of this process."""
        for callback, _ in tuple(self._subscribers.get(topic, ())):
            try:
                callback(payload)
            except Exception:  # noqa: BLE001 - one subscriber must not silence the next
                _log.exception("storage.notifications.subscriber_failed", topic=topic)

    def _tell_missed(self) -> None:
        for topic, entries in tuple(self._subscribers.items()):
            for _, missed in tuple(entries):
                try:
                    if missed is not None:
                        missed()
                except Exception:  # noqa: BLE001 - as above
                    _log.exception("storage.notifications.subscriber_failed", topic=topic)


class _Line:
    """A connection that listens; ``ended`` is set when it is gone. ``driver`` is asyncpg's."""

    def __init__(self, connection: AsyncConnection, driver: Any) -> None:
        self.connection = connection
        self.driver = driver
        self.ended = asyncio.Event()
        driver.add_termination_listener(self._end)

    async def until_lost(self) -> None:
        """Return when it is gone, or silent: a cable that was cut says nothing by itself."""
        while not await self._ends_within(_PROBE_SECONDS):
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    await self.driver.execute("SELECT 1")
            except Exception as error:  # noqa: BLE001 - whatever it was, listen on another one
                _log.warning("storage.notifications.silent", error=type(error).__name__)
                return

    async def _ends_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.ended.wait()
        return self.ended.is_set()

    def _end(self, _driver: object) -> None:
        self.ended.set()
