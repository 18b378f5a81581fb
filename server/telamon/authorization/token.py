"""The token endpoint (RFC 6749, section 3.2): which grant, and its errors as answers."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]  # authlib ships no types
    InvalidGrantError,
    InvalidRequestError,
    OAuth2Error,
)

from telamon.addresses import Addresses
from telamon.authorization.admission import Admission
from telamon.authorization.redemption import Redemption
from telamon.authorization.resources import is_ours
from telamon.authorization.rotation import Rotation
from telamon.authorization.scopes import with_meaning
from telamon.authorization.snapshot import Request
from telamon.clock import Clock
from telamon.storage import Client, Storage
from telamon.tasks import Tasks
from telamon.web.answers import json_answer, oauth_error

Grant = Callable[[Client, Request], Awaitable[dict[str, Any]]]


class TokenEndpoint:
    """The endpoint ``POST /token``."""

    def __init__(
        self,
        *,
        storage: Storage,
        admission: Admission,
        redemption: Redemption,
        rotation: Rotation,
        addresses: Addresses,
        tasks: Tasks,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._admission = admission
        self._grants: Mapping[str, Grant] = {
            "authorization_code": redemption.redeem,
            "refresh_token": rotation.rotate,
        }
        self._addresses = addresses
        self._tasks = tasks
        self._clock = clock

    async def token(self, request: web.Request) -> web.Response:
        """Answer a token request; every error is one of RFC 6749, section 5.2."""
        admitted = await self._admission.admit(request, "tokens")
        if isinstance(admitted, web.Response):
            return admitted
        try:
            answer = await self._issue(admitted.client, admitted.form)
        except InvalidGrantError as error:
            self._admission.failed(admitted.caller)
            return _answer(error)
        except OAuth2Error as error:
            return _answer(error)
        # What is issued is issued: noting the use must not be able to take the answer away.
        self._tasks.start(
            self._storage.clients.mark_used(admitted.client.client_id, self._clock()),
            name="client used",
        )
        return json_answer(answer, headers={"Pragma": "no-cache"})

    async def _issue(self, client: Client, form: Mapping[str, str]) -> dict[str, Any]:
        grant_type = form.get("grant_type")
        if not grant_type:
            raise InvalidRequestError("Missing 'grant_type'.")
        grant = self._grants.get(grant_type)
        if grant is None:
            raise OAuth2Error("No such 'grant_type'.", error="unsupported_grant_type")
        if "resource" in form and not is_ours(form["resource"], self._addresses):
            raise OAuth2Error("The 'resource' is not this server.", error="invalid_target")
        request = Request("POST", f"{self._addresses.issuer}/token", with_meaning(form))
        return await grant(client, request)


def _answer(error: OAuth2Error) -> web.Response:
    return oauth_error(str(error.error), error.description or str(error.error))
