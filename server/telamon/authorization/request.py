"""Reading ``/authorize``: first whom we would answer, then everything else (OAuth 2.1, 4.1.2.1).

Until client and redirect URI are known to be good the answer is a page of ours; after that every
fault goes to the client. Where anybody could have registered the web address, the person is asked
before the browser goes there: nobody shall send people anywhere by way of us.
"""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]  # authlib ships no types
    OAuth2Error,
)

from telamon.addresses import Addresses
from telamon.authorization.clients import ClientDirectory
from telamon.authorization.documents import (
    DocumentLimited,
    DocumentRefused,
    DocumentUnavailable,
)
from telamon.authorization.grants import SnapshotServer
from telamon.authorization.progress import Asked
from telamon.authorization.redirects import Redirect, RedirectRules
from telamon.authorization.resources import is_ours
from telamon.authorization.scopes import with_meaning
from telamon.authorization.snapshot import ClientView, Request
from telamon.catalog import Catalog
from telamon.storage import Client
from telamon.web.problems import START_AGAIN, Problem, redirect_refused, too_often

_MOST_PARAMETERS = 100


class AnswerHere(Exception):
    """Show a page and send the browser nowhere."""

    def __init__(self, problem: Problem, *, status: int = 400, seconds: float = 0) -> None:
        super().__init__(problem.title)
        self.problem = problem
        self.status = status
        self.seconds = seconds


class AnswerClient(Exception):
    """Tell the client, at the redirect URI that is known to be its own.

    ``problem`` is to be shown before the browser goes there; None where it may go at once.
    """

    def __init__(
        self,
        error: str,
        description: str,
        *,
        redirect_uri: str,
        state: str | None,
        problem: Problem | None,
    ) -> None:
        super().__init__(description)
        self.error = error
        self.redirect_uri = redirect_uri
        self.state = state
        self.problem = problem


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthorizationRequests:
    """Checks authorization requests."""

    directory: ClientDirectory
    rules: RedirectRules
    catalog: Catalog
    addresses: Addresses

    async def check(self, raw_query: str, network: str) -> Asked:
        """Return what the query from *network* asks for.

        Raises:
            AnswerHere: Client or redirect URI are not good.
            AnswerClient: Anything else is wrong.
        """
        try:
            pairs = parse_qsl(
                raw_query,
                keep_blank_values=True,
                errors="surrogateescape",
                max_num_fields=_MOST_PARAMETERS,
            )
        except ValueError:
            raise AnswerHere(_not_a_request("It has too many parameters.")) from None
        times = Counter(name for name, _ in pairs)
        # An empty parameter counts as none (RFC 6749, section 3.1). For an empty scope the client
        # may be told (section 3.3), and it gets its state back as it is.
        fields = {name: value for name, value in pairs if value or name in ("scope", "state")}
        if times["client_id"] > 1 or times["redirect_uri"] > 1:
            raise AnswerHere(_not_a_request("It names its client or its return address twice."))
        client = await self._client(fields.get("client_id", ""), network)
        redirect = self._redirect(client, fields.get("redirect_uri"))
        state = fields.get("state")
        encoded = None if state is None else quote(state, safe="", errors="surrogateescape")
        try:
            self._check(client, fields, pairs, times)
        except OAuth2Error as error:
            raise AnswerClient(
                str(error.error),
                error.description or str(error.error),
                redirect_uri=redirect.uri,
                state=None if times["state"] > 1 else encoded,
                problem=_unvouched(client, redirect, str(error.error)),
            ) from error
        scope = with_meaning(fields).get("scope")
        scopes = self.catalog.initial() if scope is None else sorted(set(scope.split()))
        return Asked(
            client_id=client.client_id,
            client_print=print_of(client),
            redirect_uri=redirect.uri,
            redirect_uri_given="redirect_uri" in fields,
            state=encoded,
            scopes=tuple(scopes),
            code_challenge=fields["code_challenge"],
        )

    async def _client(self, client_id: str, network: str) -> Client:
        try:
            client = await self.directory.find(client_id, network)
        except DocumentLimited as error:
            seconds = max(1, round(error.seconds))
            raise AnswerHere(too_often(str(seconds)), status=429, seconds=seconds) from error
        except (DocumentRefused, DocumentUnavailable):
            # One answer for whatever was found at the address: it must tell nothing of networks.
            client = None
        if client is None:
            raise AnswerHere(_unknown_client())
        return client

    def _redirect(self, client: Client, given: str | None) -> Redirect:
        wanted = given
        if wanted is None and len(client.redirect_uris) == 1:
            wanted = client.redirect_uris[0]
        found = None if wanted is None else self.rules.match(client.redirect_uris, wanted)
        if found is None:
            shown = None if given is None else given.encode("ascii", "replace").decode()
            raise AnswerHere(redirect_refused(shown, client_name=client.name or None))
        return found

    def _check(
        self,
        client: Client,
        fields: dict[str, str],
        pairs: list[tuple[str, str]],
        times: Counter[str],
    ) -> None:
        if len({value for name, value in pairs if name == "resource"}) > 1:
            raise OAuth2Error("A token is for one resource alone.", error="invalid_target")
        if any(count > 1 for count in times.values()):
            raise OAuth2Error("A parameter stands more than once.", error="invalid_request")
        for name in ("request", "request_uri"):
            if name in fields:
                raise OAuth2Error("Send plain parameters.", error=f"{name}_not_supported")
        if "response_type" not in fields:
            raise OAuth2Error("Missing 'response_type'.", error="invalid_request")
        if fields["response_type"] != "code":
            error = "unsupported_response_type"
            raise OAuth2Error("The only 'response_type' is code.", error=error)
        if fields.get("response_mode", "query") != "query":
            raise OAuth2Error("The only 'response_mode' is query.", error="invalid_request")
        if "resource" in fields and not is_ours(fields["resource"], self.addresses):
            raise OAuth2Error("The 'resource' is not this server.", error="invalid_target")
        supported = self.catalog.initial()
        server = SnapshotServer(ClientView(client, supported), supported=supported)
        uri = f"{self.addresses.issuer}/authorize"
        server.check_authorization(Request("GET", uri, with_meaning(fields)))


def print_of(client: Client) -> str:
    """Return a fingerprint of what a person is shown of *client* and decides on."""
    shown = [client.name, client.redirect_uris, client.auth_method]
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()


def _unvouched(client: Client, redirect: Redirect, error: str) -> Problem | None:
    """Return what to show before the browser goes where a self-registered client wants it.

    Without it any site could be reached through an address of ours (RFC 9700, section 4.11.2).
    What leads to a program on the person's own computer leads nowhere else.
    """
    if client.kind != "dynamic" or redirect.kind != "https":
        return None
    return Problem(
        title="The app's request was not accepted",
        happened="An app that nobody has verified sent you here with a request that this server "
        f"does not accept. It wants to be told at {redirect.target}.",
        to_do=(
            "Go back to it only if you know this address and came from there.",
            "Otherwise close this page.",
        ),
        details={"Address": redirect.target, "Error": error},
    )


def _unknown_client() -> Problem:
    return Problem(
        title="This app is not known here",
        happened="The app that sent you is not registered with this server, is registered no "
        "longer, or describes itself in a way that was not accepted.",
        to_do=(
            "Remove the connection in your app and add it again, so that it registers anew.",
            START_AGAIN,
        ),
        details={"Error": "invalid_client"},
    )


def _not_a_request(happened: str) -> Problem:
    return Problem(
        title="The app's request cannot be read",
        happened=happened,
        to_do=(START_AGAIN, "If it happens again, tell the makers of the app."),
        details={"Error": "invalid_request"},
    )
