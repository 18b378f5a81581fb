"""What authlib may see of one request, and what it decided: its models over our records.

authlib's server side is synchronous and knows no transactions. So everything it may ask for is read
before, it decides on this snapshot without I/O, and what it issued is committed by one
compare-and-swap afterwards.
"""

# authlib ships no types, and the stubs that pyright brings are narrower than what authlib accepts.
# mypy: disable-error-code="misc, import-untyped"
# pyright: reportIncompatibleMethodOverride=false, reportUnknownMemberType=false

from collections.abc import Collection, Mapping
from typing import Any

from authlib.oauth2.rfc6749 import (
    AuthorizationCodeMixin,
    ClientMixin,
    OAuth2Payload,
    OAuth2Request,
    TokenMixin,
)

from telamon.storage import Client, Code, Token


class Unprinted(str):
    """A secret that no ``repr`` shows: authlib logs whole token answers at DEBUG."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class ClientView(ClientMixin):
    """A client that has proved itself, or whose redirect URI has been checked, before."""

    def __init__(self, client: Client, granted: Collection[str]) -> None:
        self.client = client
        self._granted = granted

    def get_client_id(self) -> str:
        """Return the id."""
        return self.client.client_id

    def get_default_redirect_uri(self) -> str | None:
        """Return the redirect URI where only one is registered."""
        uris = self.client.redirect_uris
        return uris[0] if len(uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return what of *scope* may be had; None, which authlib refuses, if that is nothing."""
        named = (scope or "").split()
        allowed = [name for name in named if name in self._granted]
        return " ".join(allowed) if allowed or not named else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:  # noqa: ARG002 - checked before
        """Accept what was matched before, by our own rules."""
        return True

    def check_response_type(self, response_type: str) -> bool:
        """Accept ``code`` alone."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Accept both grants for every client."""
        return grant_type in {"authorization_code", "refresh_token"}


class CodeView(AuthorizationCodeMixin):
    """An authorization code that may be redeemed now, for *scopes*."""

    def __init__(self, code: Code, scopes: str, *, redirect_uri_needed: bool) -> None:
        self.code = code
        self._scopes = scopes
        self._redirect_uri_needed = redirect_uri_needed

    def get_redirect_uri(self) -> str | None:
        """Return what ``redirect_uri`` has to be, None where it need not be there."""
        return self.code.redirect_uri if self._redirect_uri_needed else None

    def get_scope(self) -> str:
        """Return the scopes that the client named."""
        return self._scopes


class RefreshView(TokenMixin):
    """A refresh token that may be rotated now."""

    def __init__(self, token: Token) -> None:
        self.token = token

    def check_client(self, client: ClientView) -> bool:
        """Tell whether the token was issued to *client*."""
        return self.token.family.client_id == client.client.client_id

    def get_scope(self) -> str:
        """Return the scopes that the client may name, ticked by the user or not."""
        return " ".join(self.token.scopes)


class _Payload(OAuth2Payload):
    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = dict(fields)

    @property
    def data(self) -> dict[str, str]:
        return self._fields

    @property
    def datalist(self) -> Any:
        return {name: [value] for name, value in self._fields.items()}


class Request(OAuth2Request):
    """Parameters that stand once each, sent to an address of ours."""

    def __init__(self, method: str, uri: str, fields: Mapping[str, str]) -> None:
        super().__init__(method, uri)
        self.payload = _Payload(fields)
        self._fields = dict(fields)

    @property
    def form(self) -> dict[str, str]:
        """Return the parameters of a POST."""
        return self._fields
