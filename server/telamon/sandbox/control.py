"""``/_sandbox/…``: the switches, the actions and the record of requests. For tests and demos."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from telamon.atlassian.reading import is_object
from telamon.sandbox.grants import Grants
from telamon.sandbox.journal import Journal
from telamon.sandbox.switches import Board

ACTIONS = ("reset", "revoke_app", "expire_access_tokens")


class Control:
    """What a test may see and change."""

    def __init__(
        self, board: Board, grants: Grants, journal: Journal, reset: Callable[[], None]
    ) -> None:
        self._board = board
        self._grants = grants
        self._journal = journal
        self._reset = reset

    async def switches(self, _: web.Request) -> web.Response:
        """``GET /_sandbox/switches``: the switches, and what the token endpoint did."""
        counts = self._grants.counts
        return web.json_response(
            {
                "switches": self._board.now.model_dump(mode="json"),
                "counts": {
                    "exchanges": counts.exchanges,
                    "refreshes": counts.refreshes,
                    "reuses": counts.reuses,
                    "breaches": counts.breaches,
                },
                "time": self._board.time(),
            }
        )

    async def set_switches(self, request: web.Request) -> web.Response:
        """``POST /_sandbox/switches``: actions first, then the switches named in the body.

        Only JSON and only from our own pages: a foreign page in the browser of whoever runs a demo
        can send neither without asking first.
        """
        if request.headers.get("Origin") not in {None, str(request.url.origin())}:
            return web.json_response({"error": "this origin may not call"}, status=403)
        if request.content_type != "application/json":
            return web.json_response({"error": "the body must be application/json"}, status=415)
        try:
            body: Any = await request.json()
        except json.JSONDecodeError:
            body = None
        if not is_object(body):
            return web.json_response({"error": "the body is no JSON object"}, status=400)
        values = dict(body)
        wanted = [name for name in ACTIONS if values.pop(name, False) is True]
        actions = {
            "reset": self._reset,
            "revoke_app": self._grants.revoke_app,
            "expire_access_tokens": self._grants.expire_access_tokens,
        }
        for name in wanted:
            actions[name]()
        try:
            self._board.set(values)
        except ValidationError as error:
            return web.json_response({"error": str(error)}, status=400)
        return await self.switches(request)

    async def requests(self, _: web.Request) -> web.Response:
        """``GET /_sandbox/requests``: the requests so far, oldest first."""
        return web.json_response({"requests": self._journal.as_json()})

    async def forget_requests(self, _: web.Request) -> web.Response:
        """``DELETE /_sandbox/requests``."""
        self._journal.entries.clear()
        return web.Response(status=204)
