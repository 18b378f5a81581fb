"""authlib's grants, held to our rules: S256 alone, a verifier always, rotation always.

One server object is built for each request, over that request's snapshot; it does no I/O.
"""

# authlib ships no types, and the stubs that pyright brings are narrower than what authlib accepts.
# mypy: disable-error-code="misc, import-untyped"
# pyright: reportIncompatibleMethodOverride=false
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge, create_s256_code_challenge

from telamon.authorization.snapshot import ClientView, CodeView, RefreshView, Request, Unprinted
from telamon.storage.credentials import SecretKind, new_secret

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Issued:
    """A token pair that authlib decided to issue; nothing is stored yet.

    ``scopes`` are the access token's: what the client named, of what the user granted.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    scopes: tuple[str, ...]
    expires_in: int

    def answer(self) -> dict[str, Any]:
        """Return the token response (RFC 6749, section 5.1)."""
        return {
            "access_token": self.access,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "refresh_token": self.refresh,
            "scope": " ".join(self.scopes),
        }


class WrongVerifier(InvalidGrantError):
    """The verifier is well formed and not the challenge's: somebody may be guessing."""


class _S256(CodeChallenge):
    """PKCE (RFC 7636) as OAuth 2.1 has it: required, and never ``plain``."""

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:  # noqa: ARG002 - authlib's parameters
        fields: Mapping[str, str] = grant.request.payload.data
        if "code_challenge" not in fields:
            raise InvalidRequestError("Missing 'code_challenge': PKCE is required.")
        if fields.get("code_challenge_method") != "S256":
            raise InvalidRequestError("The only 'code_challenge_method' is S256.")
        if not _CHALLENGE.fullmatch(fields["code_challenge"]):
            raise InvalidRequestError("Invalid 'code_challenge'.")

    def validate_code_verifier(self, grant: Any, result: Any) -> None:  # noqa: ARG002 - authlib's parameters
        verifier: str | None = grant.request.form.get("code_verifier")
        if verifier is None:
            raise InvalidRequestError("Missing 'code_verifier'.")
        if not _VERIFIER.fullmatch(verifier):
            raise InvalidRequestError("Invalid 'code_verifier'.")
        code: CodeView = grant.request.authorization_code
        made = cast("str", create_s256_code_challenge(verifier))
        if not hmac.compare_digest(made, code.code.code_challenge):
            raise WrongVerifier("The 'code_verifier' is not the one of this code.")


class _CodeGrant(AuthorizationCodeGrant):
    server: "SnapshotServer"

    def query_authorization_code(self, code: str, client: ClientView) -> CodeView | None:  # noqa: ARG002 - the snapshot holds the one
        return self.server.code

    def authenticate_user(self, authorization_code: CodeView) -> str:
        return authorization_code.code.family.account_id

    def delete_authorization_code(self, authorization_code: CodeView) -> None:
        """Consuming it is part of the commit."""


class _RefreshGrant(RefreshTokenGrant):
    INCLUDE_NEW_REFRESH_TOKEN = True
    server: "SnapshotServer"

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshView | None:  # noqa: ARG002 - the snapshot holds the one
        return self.server.refresh

    def authenticate_user(self, refresh_token: RefreshView) -> str:
        return refresh_token.token.family.account_id

    def revoke_old_credential(self, refresh_token: RefreshView) -> None:
        """Consuming it is part of the commit."""


class SnapshotServer(AuthorizationServer):
    """authlib's authorization server over what one request may see."""

    def __init__(
        self,
        client: ClientView,
        *,
        supported: Sequence[str] = (),
        code: CodeView | None = None,
        refresh: RefreshView | None = None,
        expires_in: int = 1,
    ) -> None:
        super().__init__()
        self._client = client
        self._supported = frozenset(supported)
        self.code = code
        self.refresh = refresh
        self.register_grant(_CodeGrant, [_S256(required=True)])
        self.register_grant(_RefreshGrant)
        generator = BearerTokenGenerator(
            _new("access"), _new("refresh"), lambda _client, _grant_type: expires_in
        )
        self.register_token_generator("default", generator)

    def create_oauth2_request(self, request: Request) -> Request:
        """Take the request as it is."""
        return request

    def query_client(self, client_id: str) -> ClientView | None:
        """Return the snapshot's client if that is the one."""
        return self._client if client_id == self._client.get_client_id() else None

    def authenticate_client(
        self, request: Request, methods: Sequence[str], endpoint: str = "token"
    ) -> ClientView:  # authlib's parameters; the client proved itself before
        """Return the snapshot's client."""
        del methods, endpoint
        request.auth_method = self._client.client.auth_method
        return self._client

    def validate_requested_scope(self, scope: str | None) -> None:
        """Refuse what is not on offer, and an empty list; authlib lets both pass."""
        if scope is not None and not (scope.strip() and set(scope.split()) <= self._supported):
            raise InvalidScopeError

    def save_token(self, token: dict[str, Any], request: Request) -> None:
        """Storing it is part of the commit."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Tell nobody: what happened is announced after the commit."""

    def check_authorization(self, request: Request) -> None:
        """Check scope and PKCE of an authorization request with a good client and redirect URI.

        Raises:
            OAuth2Error: What the client is to be told.
        """
        self.get_consent_grant(request)

    def issue(self, request: Request) -> Issued:
        """Decide on a token request.

        Raises:
            WrongVerifier: Counts as an attempt on the code.
            OAuth2Error: What the client is to be told.
        """
        grant = cast("Any", self.get_token_grant(request))
        grant.validate_token_request()
        _, token, _ = cast("tuple[int, dict[str, Any], object]", grant.create_token_response())
        return Issued(
            access=token["access_token"],
            refresh=token["refresh_token"],
            scopes=tuple(token.get("scope", "").split()),
            expires_in=token["expires_in"],
        )


def _new(kind: SecretKind) -> Callable[..., str]:
    def generate(**_: object) -> str:
        return Unprinted(new_secret(kind))

    return generate
