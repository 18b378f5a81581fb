"""The events of resumable streams, kept for a client that comes back at another replica.

Only where several replicas run. The replica that owns a stream writes it; should it die, another
one ends the stream by :meth:`McpStreams.finish`, once, and nothing of the owner's comes behind
that. There are no foreign keys: a session's rows go with it, and what is written a moment later is
found by nobody and purged with everything that is old.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.storage.engine import Database
from telamon.storage.notifications import Notifications
from telamon.storage.records import StoredStream, StreamEntry
from telamon.storage.schema import mcp_events, mcp_streams
from telamon.storage.sealing import Sealer

WRITTEN: Final = "mcp_stream.written"
"""The topic that names streams with something new, ``<session key in hex>/<name>`` in each line."""

_MOST_STREAMS: Final = 32
_MOST_BYTES: Final = 4 * 1024 * 1024
_NAMES_A_MESSAGE: Final = 60
_Place = tuple[bytes, str]


class McpStreams:
    """Streams by session key and name."""

    def __init__(self, database: Database, sealer: Sealer, notifications: Notifications) -> None:
        self._database = database
        self._sealer = sealer
        self._notifications = notifications

    async def record(self, entries: Sequence[StreamEntry], now: float) -> None:
        """Write *entries*; events of a stream that has ended are dropped.

        A session keeps its newest streams: 32, or as many as have 4 MiB.
        """
        begun = [entry for entry in entries if entry.waiting is not None]
        events = [entry for entry in entries if entry.waiting is None]
        places = sorted({(entry.session, entry.stream) for entry in events})

        async def work(connection: AsyncConnection) -> None:
            for entry in begun:
                await self._begin(connection, entry, now)
            live = (
                select(mcp_streams.c.session, mcp_streams.c.name)
                .where(_among(places), mcp_streams.c.ended == 0)
                .order_by(mcp_streams.c.session, mcp_streams.c.name)
                .with_for_update()
            )
            open_ = {(row.session, row.name) for row in await connection.execute(live)}
            wanted = [entry for entry in events if (entry.session, entry.stream) in open_]
            if wanted:
                await self._append(connection, wanted, now)
            await self._tell(connection, open_)

        await self._database.write(work, idempotent=True)

    async def read(self, session: bytes, name: str, after: int) -> StoredStream | None:
        """The stream with its events behind *after*, in order.

        Raises:
            Unsealable: an event does not open.
        """
        # The stream first: one that had ended by then has all of its events.
        row = await self._database.row(
            select(mcp_streams.c.waiting, mcp_streams.c.ended).where(_is(session, name))
        )
        if row is None:
            return None
        found = await self._database.rows(
            select(mcp_events.c.seq, mcp_events.c.data)
            .where(_of(session, name), mcp_events.c.seq > after)
            .order_by(mcp_events.c.seq)
        )
        return StoredStream(
            ended=bool(row.ended),
            waiting=tuple((id_, changes) for id_, changes in row.waiting),
            events=[
                (each.seq, self._sealer.open(each.data, **_cell(session, name, each.seq)))
                for each in found
            ],
        )

    async def finish(
        self,
        session: bytes,
        name: str,
        answer: Callable[[str | int, bool], bytes],
        *,
        after: int,
        now: float,
    ) -> bool:
        """End a stream whose owner is gone: *answer* every request it still owes, behind *after*.

        False, and nothing written, when it had ended.
        """
        live = (
            select(mcp_streams.c.waiting)
            .where(_is(session, name), mcp_streams.c.ended == 0)
            .with_for_update()
        )
        logged = select(mcp_events.c.seq, mcp_events.c.answers).where(_of(session, name))

        async def work(connection: AsyncConnection) -> bool:
            row = (await connection.execute(live)).first()
            if row is None:
                return False
            written = (await connection.execute(logged)).all()
            answered = {each.answers for each in written}
            seq = max([after, *(each.seq for each in written)])
            owed = [each for each in row.waiting if _text(str(each[0])) not in answered]
            if owed:
                errors = [
                    StreamEntry(
                        session=session,
                        stream=name,
                        seq=seq + number,
                        data=answer(id_, changes),
                        answers=str(id_),
                    )
                    for number, (id_, changes) in enumerate(owed, start=1)
                ]
                await connection.execute(insert(mcp_events), self._rows(errors, now))
            await connection.execute(
                update(mcp_streams).where(_is(session, name)).values(ended=1, last_used_at=now)
            )
            await self._tell(connection, [(session, name)])
            return True

        return await self._database.write(work, idempotent=True)

    async def _begin(self, connection: AsyncConnection, entry: StreamEntry, now: float) -> None:
        new = self._database.insert(mcp_streams).values(
            session=entry.session,
            name=entry.stream,
            waiting=entry.waiting,
            size=0,
            ended=0,
            last_used_at=now,
        )
        await connection.execute(new.on_conflict_do_nothing())
        mine = select(mcp_streams.c.name, mcp_streams.c.size).where(
            mcp_streams.c.session == entry.session
        )
        newest_first = mine.order_by(mcp_streams.c.last_used_at.desc(), mcp_streams.c.name)
        size = 0
        for number, row in enumerate((await connection.execute(newest_first)).all()):
            size += row.size
            if number >= _MOST_STREAMS or (number and size > _MOST_BYTES):
                await connection.execute(delete(mcp_events).where(_of(entry.session, row.name)))
                await connection.execute(delete(mcp_streams).where(_is(entry.session, row.name)))

    async def _append(
        self, connection: AsyncConnection, entries: Sequence[StreamEntry], now: float
    ) -> None:
        new = self._database.insert(mcp_events).on_conflict_do_nothing()
        await connection.execute(new, self._rows(entries, now))
        places = {(entry.session, entry.stream): entry for entry in entries}
        for (session, name), newest in places.items():
            await connection.execute(
                update(mcp_streams)
                .where(_is(session, name))
                .values(ended=int(newest.last), size=newest.size, last_used_at=now)
            )
            if newest.first > 1:
                old = _of(session, name) & (mcp_events.c.seq < newest.first)
                await connection.execute(delete(mcp_events).where(old))

    def _rows(self, entries: Sequence[StreamEntry], now: float) -> list[dict[str, Any]]:
        return [
            {
                "session": entry.session,
                "stream": entry.stream,
                "seq": entry.seq,
                "data": self._sealer.seal(
                    entry.data, **_cell(entry.session, entry.stream, entry.seq)
                ),
                "answers": entry.answers and _text(entry.answers),
                "at": now,
            }
            for entry in entries
        ]

    async def _tell(self, connection: AsyncConnection, places: Collection[_Place]) -> None:
        names = [f"{session.hex()}/{name}" for session, name in sorted(places)]
        for start in range(0, len(names), _NAMES_A_MESSAGE):
            some = "\n".join(names[start : start + _NAMES_A_MESSAGE])
            await self._notifications.enlist(connection, WRITTEN, some)


def _is(session: bytes, name: str) -> ColumnElement[bool]:
    return (mcp_streams.c.session == session) & (mcp_streams.c.name == name)


def _of(session: bytes, name: str) -> ColumnElement[bool]:
    return (mcp_events.c.session == session) & (mcp_events.c.stream == name)


def _among(places: Sequence[_Place]) -> ColumnElement[bool]:
    return tuple_(mcp_streams.c.session, mcp_streams.c.name).in_(places)


def _text(id_: str) -> str:
    """Return a request's id in ASCII: PostgreSQL takes neither NUL nor half of a pair."""
    return id_.encode("unicode_escape").decode("ascii")


def _cell(session: bytes, name: str, seq: int) -> dict[str, str]:
    row = f"{session.hex()}/{name}/{seq}"
    return {"table": mcp_events.name, "row": row, "account": "", "column": "data"}
