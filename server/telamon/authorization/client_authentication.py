"""How a client proves itself at the token and revocation endpoints (RFC 6749, section 2.3)."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from aiohttp import web

from telamon.authorization.clients import ClientDirectory
from telamon.authorization.documents import DocumentRefused
from telamon.storage import Client

_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="telamon"'}


class ClientRefused(Exception):
    """The client did not prove itself; answer *error* with *status* and *headers*."""

    def __init__(
        self, error: str, description: str, *, status: int, headers: Mapping[str, str]
    ) -> None:
        super().__init__(description)
        self.error = error
        self.status = status
        self.headers = headers


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """What the client presented. An empty secret is none."""

    client_id: str
    secret: str = field(repr=False)
    basic: bool


def presented(request: web.Request, form: Mapping[str, str]) -> Credentials:
    """Return the client's credentials from the one place where they are.

    Raises:
        ClientRefused: There are none, or two, or they cannot be read.
    """
    headers = request.headers.getall("Authorization", ())
    if form.get("client_assertion") or form.get("client_assertion_type"):
        # No client here is registered for one (RFC 7523); to pass it over would be to believe it.
        raise _refused("client assertions are not accepted", basic=bool(headers))
    if not headers:
        if not form.get("client_id"):
            raise _refused("the request names no client", basic=False)
        return Credentials(
            client_id=form["client_id"], secret=form.get("client_secret", ""), basic=False
        )
    if len(headers) > 1 or form.get("client_secret"):
        raise ClientRefused(
            "invalid_request",
            "the client proves itself in more than one way",
            status=400,
            headers={},
        )
    client_id, secret = _basic(headers[0])
    if form.get("client_id", client_id) != client_id:
        raise _refused("the request names two clients", basic=True)
    return Credentials(client_id=client_id, secret=secret, basic=True)


async def authenticate(
    credentials: Credentials, directory: ClientDirectory, network: str
) -> Client:
    """Return the client that *credentials* prove; *network* is where they came from.

    An unknown client and a wrong secret are told apart by nothing.

    Raises:
        ClientRefused: 401 ``invalid_client``.
        DocumentUnavailable: Its metadata document is needed and cannot be read.
    """
    try:
        client = await directory.find(credentials.client_id, network)
    except DocumentRefused:
        client = None
    if client is None or not await _proved(client, credentials, directory):
        raise _refused("the client is unknown or did not prove itself", basic=credentials.basic)
    return client


async def _proved(client: Client, credentials: Credentials, directory: ClientDirectory) -> bool:
    if client.auth_method == "none":
        return not credentials.secret
    basic = client.auth_method == "client_secret_basic"
    if not credentials.secret or (client.kind == "dynamic" and basic is not credentials.basic):
        return False
    return await directory.secret_matches(client, credentials.secret)


def _basic(header: str) -> tuple[str, str]:
    """Read HTTP Basic: both parts are form-encoded before they are joined (section 2.3.1)."""
    scheme, _, value = header.partition(" ")
    try:
        joined = base64.b64decode(value.strip(), validate=True).decode()
        client_id, _, secret = (
            unquote_plus(part, errors="strict") for part in joined.partition(":")
        )
    except (ValueError, binascii.Error):
        joined = client_id = secret = ""
    if scheme.lower() != "basic" or ":" not in joined or _PERCENT.search(joined) or not client_id:
        raise _refused("the Authorization header cannot be read", basic=True)
    return client_id, secret


def _refused(description: str, *, basic: bool) -> ClientRefused:
    # Without Basic a challenge would make browsers ask the person for a password.
    return ClientRefused(
        "invalid_client", description, status=401, headers=_CHALLENGE if basic else {}
    )
