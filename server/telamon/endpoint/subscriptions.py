"""``subscriptions/listen`` (MCP 2026-07-28): who wants to hear of which change, each on its stream.

The kernel is only asked what is honoured. A call that waited inside of it would keep the whole of
its request in memory for as long as its client listens.
"""

from functools import partial
from typing import Any, Literal

from aiohttp import web

from telamon.endpoint.bearer import Admission
from telamon.endpoint.delivery import stand
from telamon.endpoint.exchange import Context, exchange_of
from telamon.endpoint.kernel import SUBSCRIPTION_ID_META_KEY, RequestId, types
from telamon.endpoint.lines import Lines, Seat
from telamon.endpoint.streams import Reader, Stream
from telamon.endpoint.wire import SSE_HEADERS
from telamon.plugin import Json
from telamon.web.answers import encode_json

ListKind = Literal["tools", "prompts", "resources"]


class Subscription:
    """One listener. *honoured* is what it hears of, *answer* the last message of its stream."""

    __slots__ = ("_answer", "_id", "_kinds", "stream")

    def __init__(self, id_: RequestId, honoured: Json, answer: bytes) -> None:
        self._id = id_
        self._kinds = tuple(name for name, wanted in honoured.items() if wanted is True)
        self._answer = answer
        self.stream = Stream(0)
        self._say("subscriptions/acknowledged", notifications=honoured)

    def tell(self, kind: ListKind) -> None:
        """Say that a list has changed, if that was asked for."""
        if f"{kind}ListChanged" in self._kinds:
            self._say(f"{kind}/list_changed")

    def end(self) -> None:
        """Say that nothing more comes, and end the stream."""
        self.stream.push(self._answer)
        self.stream.end()

    def _say(self, what: str, **params: Any) -> None:
        params["_meta"] = {SUBSCRIPTION_ID_META_KEY: self._id}
        said = {"jsonrpc": "2.0", "method": f"notifications/{what}", "params": params}
        self.stream.push(encode_json(said))


class Subscriptions:
    """Every listener of this process; called by the kernel with a request to listen."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._open: set[Subscription] = set()
        self._closed = False

    async def __call__(
        self, context: Context, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Note in the exchange what is honoured; the result is for the end of the stream."""
        wanted = params.notifications.model_dump(by_alias=True, mode="json")
        exchange_of(context).honoured = {name: each for name, each in wanted.items() if each}
        return types.SubscriptionsListenResult(_meta={SUBSCRIPTION_ID_META_KEY: context.request_id})

    async def follow(
        self, request: web.Request, admission: Admission, subscription: Subscription
    ) -> web.StreamResponse:
        """Answer *request* with the stream of *subscription*.

        Raises:
            Refused: 429, too many streams are open.
        """
        seat = self._lines.stand(admission.principal)
        reader = subscription.stream.attach(request, after=0)
        self._open.add(subscription)
        if self._closed:
            subscription.end()
        write = partial(self._write, admission, subscription, reader)
        return await stand(request, SSE_HEADERS, write, partial(self._over, subscription, seat))

    async def _write(
        self,
        admission: Admission,
        subscription: Subscription,
        reader: Reader,
        response: web.StreamResponse,
    ) -> None:
        with self._lines.hold(reader, admission):
            await subscription.stream.pump(response, reader, ids=False)

    def _over(self, subscription: Subscription, seat: Seat) -> None:
        self._open.discard(subscription)
        seat.leave()

    def tell(self, kind: ListKind) -> None:
        """Tell all who asked for it that a list has changed."""
        for subscription in self._open:
            subscription.tell(kind)

    def close(self) -> None:
        """End every stream in good order, and those that are yet to come."""
        self._closed = True
        for subscription in self._open:
            subscription.end()
