"""The revocation endpoint (RFC 7009). It never tells whether a token was known."""

from aiohttp import web

from telamon.authorization.admission import Admission
from telamon.authorization.endings import Endings
from telamon.storage import Client, Storage, Unsealable
from telamon.storage.credentials import looks_valid
from telamon.web.answers import json_answer, oauth_error


class Revocation:
    """The endpoint ``POST /revoke``."""

    def __init__(self, *, storage: Storage, admission: Admission, endings: Endings) -> None:
        self._tokens = storage.tokens
        self._admission = admission
        self._endings = endings

    async def revoke(self, request: web.Request) -> web.Response:
        """Revoke an access token, or with a refresh token the whole family.

        The hint is not needed: what a token is can be seen on it.
        """
        admitted = await self._admission.admit(request, "revocations")
        if isinstance(admitted, web.Response):
            return admitted
        token = admitted.form.get("token")
        if not token:
            return oauth_error("invalid_request", "the request names no token")
        await self._end(token, admitted.client)
        return json_answer({})

    async def _end(self, text: str, client: Client) -> None:
        if looks_valid("refresh", text):
            try:
                token = await self._tokens.refresh(text)
            except Unsealable:
                return
            if token is not None and token.family.client_id == client.client_id:
                await self._endings.disconnect(token.family, "client")
        elif looks_valid("access", text):
            token = await self._tokens.access(text)
            if token is not None and token.family.client_id == client.client_id:
                await self._tokens.revoke_access(text)
