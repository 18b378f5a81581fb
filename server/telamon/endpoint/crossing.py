"""What arrives at one process and belongs to another: answers, cancellations, HTTP+SSE messages.

Messages go as letters through the database and are answered by a receipt, which a NOTIFY carries;
what is small and may be lost without harm is a NOTIFY alone.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import structlog
from aiohttp import web

from telamon.atlassian.principal import Principal
from telamon.clock import Clock
from telamon.endpoint.bearer import Admission, Bearer
from telamon.endpoint.choice import read_choice
from telamon.endpoint.delivery import MOST_RUNNING, open_stream, too_many_running
from telamon.endpoint.exchange import owner_of
from telamon.endpoint.kernel import (
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCResponse,
)
from telamon.endpoint.naming import CANCELLED, asker
from telamon.endpoint.presence import Presence
from telamon.endpoint.session import STANDING, Session
from telamon.endpoint.sessions import Sessions
from telamon.endpoint.wire import Refused, message_bytes, read_message, refusal
from telamon.plugin import Json
from telamon.storage import Letter, Storage, StorageUnavailable
from telamon.storage.replicas import LETTER, new_letter
from telamon.tasks import Tasks

_CANCEL = "mcp_session.cancel"
_CLAIM = "mcp_session.claim"
_RECEIPT = "letter.receipt"
_RECEIPT_SECONDS = 5.0
_ACCEPTED = 202
_CLAIMS = 60
"""How many go into one NOTIFY: about 100 bytes each, of 8,000."""
_LONGEST_CANCEL = 3500
"""Of 8,000 bytes, with every character escaped once more."""

log = structlog.get_logger(__name__)


class Crossing:
    """Hands on what belongs to other replicas, and takes what they hand over."""

    def __init__(
        self,
        storage: Storage,
        presence: Presence,
        sessions: Sessions,
        bearer: Bearer,
        *,
        clock: Clock,
        tasks: Tasks,
    ) -> None:
        self._records = storage.mcp_sessions
        self._replicas = storage.replicas
        self._notifications = storage.notifications
        self._presence = presence
        self._sessions = sessions
        self._bearer = bearer
        self._clock = clock
        self._tasks = tasks
        self._receipts: dict[str, asyncio.Future[tuple[int, str]]] = {}
        self._under_way: Counter[str] = Counter()
        self._taking: asyncio.Task[None] | None = None
        self._more = False
        self._claims: list[tuple[str, int, str]] = []
        self._claiming: asyncio.Task[None] | None = None
        if presence.shared:
            subscribe = storage.notifications.subscribe
            subscribe(LETTER, self._letter_waits, missed=self._take)
            subscribe(_RECEIPT, self._receipt)
            subscribe(_CANCEL, self._cancel)
            subscribe(_CLAIM, self._claimed)

    async def route(
        self, session: Session, messages: Sequence[JSONRPCMessage]
    ) -> Sequence[JSONRPCMessage]:
        """Hand on what is for another process; what remains is for this one.

        Raises:
            StorageUnavailable: It could not be handed on.
        """
        if not self._presence.shared:
            return messages
        return [message for message in messages if not await self._hand_on(session, message)]

    async def _hand_on(self, session: Session, message: JSONRPCMessage) -> bool:
        match message:
            case JSONRPCResponse() | JSONRPCError():
                replica = asker(message.id)
                if replica in {"", self._presence.id}:
                    return False
                if await self._presence.lives(replica):  # else nobody asks any more
                    body = {"session": session.id, "answer": json.loads(message_bytes(message))}
                    await self._replicas.send(replica, body, self._clock())
                return True
            case JSONRPCNotification(method=method, params={"requestId": int() | str() as id_}):
                if method != CANCELLED or session.is_running([id_]):
                    return False
                payload = json.dumps([self._records.key(session.id).hex(), id_])
                if len(payload) <= _LONGEST_CANCEL:
                    await self._notifications.publish(_CANCEL, payload)
                return True
            case _:
                return False

    def _cancel(self, payload: str) -> None:
        key, id_ = json.loads(payload)
        session = self._sessions.of_key(key)
        if session is not None and session.is_running([id_]):
            params = {"requestId": id_}
            session.take(JSONRPCNotification(jsonrpc="2.0", method=CANCELLED, params=params))

    def claim(self, session: Session, number: int = STANDING, owner: str = "") -> None:
        """Have the other processes finish their connections for a stream that goes on here.

        A message must not go out twice (MCP, transports, multiple connections). The standing stream
        is one of each process's; any other one is its *owner's*.
        """
        if self._presence.shared:
            self._claims.append((self._records.key(session.id).hex(), number, owner))
            if self._claiming is None:
                self._claiming = self._tasks.start(self._tell_claims(), name="claim streams")

    async def _tell_claims(self) -> None:
        """Tell of many at once: after a process has died, all of its clients come together."""
        try:
            while self._claims:
                some, self._claims = self._claims[:_CLAIMS], self._claims[_CLAIMS:]
                payload = json.dumps([self._presence.id, some])
                await self._notifications.publish(_CLAIM, payload)
        except StorageUnavailable:
            log.warning("streams.not_claimed", streams=len(self._claims))
            self._claims.clear()
        finally:
            self._claiming = None

    def _claimed(self, payload: str) -> None:
        by, claims = json.loads(payload)
        for key, number, owner in claims if by != self._presence.id else ():
            session = self._sessions.of_key(key)
            stream = None
            if session is not None and owner in {"", self._presence.id}:
                stream = session.find(number)
            if stream is not None:
                stream.detach()

    async def hand_over(
        self, id_: str, admission: Admission, message: JSONRPCMessage, query: str
    ) -> web.Response:
        """Hand a message of HTTP+SSE to the process that holds its stream.

        Raises:
            Refused: 404, no living process holds such a stream of this user's; or whatever the
                other process refuses with.
            StorageUnavailable: It could not be handed over.
        """
        record = await self._records.get(id_) if self._presence.shared else None
        if (
            record is None
            or not record.one_stream
            or record.owner != owner_of(admission.principal)
            or record.replica == self._presence.id
            or not await self._presence.lives(record.replica)
        ):
            raise _unknown()
        if self._under_way[id_] >= MOST_RUNNING:
            raise too_many_running(None)
        body: Json = {
            "session": id_,
            "token": admission.token,
            "query": query,
            "message": json.loads(message_bytes(message)),
        }
        self._under_way[id_] += 1
        try:
            status, text = await self._sent(record.replica, body)
        finally:
            self._under_way -= Counter([id_])
        if status != _ACCEPTED:
            answer = web.Response(status=status, text=text, content_type="application/json")
            raise Refused(answer)
        return web.Response(status=_ACCEPTED, text="Accepted")

    async def _sent(self, replica: str, body: dict[str, Json]) -> tuple[int, str]:
        """Send a letter and wait for its receipt."""
        letter = new_letter()
        receipt: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self._receipts[letter] = receipt
        try:
            await self._replicas.send(replica, body, self._clock(), id_=letter)
            async with asyncio.timeout(_RECEIPT_SECONDS):
                return await receipt
        except TimeoutError:
            if await self._replicas.withdraw(letter):
                raise _unknown() from None
            return _ACCEPTED, ""  # it was taken; what came of it is said on the stream
        finally:
            del self._receipts[letter]

    def _receipt(self, payload: str) -> None:
        letter, status, text = json.loads(payload)
        waiting = self._receipts.get(letter)
        if waiting is not None and not waiting.done():
            waiting.set_result((status, text))

    def _letter_waits(self, replica: str) -> None:
        if replica == self._presence.id:
            self._take()

    def beat(self) -> None:
        """Take the letters that could not be taken when they came."""
        if self._more:
            self._take()

    def _take(self) -> None:
        self._more = True
        if self._taking is None:
            self._taking = self._tasks.start(self._take_all(), name="take letters")

    async def _take_all(self) -> None:
        try:
            while self._more:
                self._more = False
                try:
                    letters = await self._replicas.take(self._presence.id)
                except StorageUnavailable:
                    self._more = True
                    log.warning("letters.not_taken")
                    return
                for letter in letters:
                    status, text = await self._open(letter)
                    payload = json.dumps([letter.id, status, text])
                    try:
                        await self._notifications.publish(_RECEIPT, payload)
                    except StorageUnavailable:
                        log.warning("letter.receipt.not_sent")
        finally:
            self._taking = None

    async def _open(self, letter: Letter) -> tuple[int, str]:
        body: Any = letter.body
        try:
            if "answer" in body:
                session = self._sessions.of_key(self._records.key(body["session"]).hex())
                if session is not None:
                    session.take(read_message(body["answer"]))
            else:
                self._post(body, await self._bearer.look_up(body["token"]))
        except Refused as refused:
            return refused.response.status, refused.response.text or ""
        except StorageUnavailable:
            return 503, ""
        return _ACCEPTED, ""

    def _post(self, body: Any, principal: Principal | None) -> None:
        session = None
        if principal is not None:
            session = self._sessions.held(body["session"], owner_of(principal), one_stream=True)
        if principal is None or session is None:
            raise _unknown()
        choice = read_choice(dict(json.loads(body["query"])))
        open_stream(session, principal, choice, [read_message(body["message"])])


def _unknown() -> Refused:
    return Refused(refusal(404, "Session not found"))
