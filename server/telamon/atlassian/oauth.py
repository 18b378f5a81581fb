"""The OAuth 2.0 (3LO) client: where a person is sent, and the four calls that follow."""

from collections.abc import Sequence
from typing import Any, cast

import aiohttp
import structlog
from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]  # ships no types
    prepare_grant_uri,  # pyright: ignore[reportUnknownVariableType]  # ships no types
)
from authlib.oauth2.rfc7636 import (  # type: ignore[import-untyped]  # ships no types
    create_s256_code_challenge,  # pyright: ignore[reportUnknownVariableType]  # ships no types
)
from pydantic import SecretStr

from telamon.atlassian.identity import (
    Account,
    AppRefused,
    AtlassianUnavailable,
    GrantRefused,
    ReachableSite,
    TokenAnswer,
    account,
    bearer_refusal,
    reachable_sites,
    token_answer,
    token_refusal,
)
from telamon.atlassian.reading import NotJson, TooMuch, parse, read_capped
from telamon.plugin import Json
from telamon.settings import AtlassianSettings

__all__ = [
    "Account",
    "AppRefused",
    "AtlassianOAuth",
    "AtlassianUnavailable",
    "GrantRefused",
    "ReachableSite",
    "TokenAnswer",
]

log = structlog.get_logger(__name__)

AUDIENCE = "api.atlassian.com"
ANSWER_BYTES = 1024 * 1024
TIMEOUT = aiohttp.ClientTimeout(total=12, sock_connect=10)
"""One call; a refresh may make three of them while it holds its lease."""


class AtlassianOAuth:
    """Our app at Atlassian. Every call raises only the three errors of ``identity``."""

    def __init__(
        self, http: aiohttp.ClientSession, settings: AtlassianSettings, callback: str
    ) -> None:
        self._http = http
        self._settings = settings
        self._callback = callback

    def authorization_url(
        self, *, state: str, scopes: Sequence[str], code_verifier: str | None = None
    ) -> str:
        """Return where to send the browser.

        The challenge of *code_verifier* goes along only where ``send_pkce`` is set.
        """
        challenge: dict[str, str] = {}
        if code_verifier is not None and self._settings.send_pkce:
            challenge = {
                "code_challenge": create_s256_code_challenge(code_verifier),
                "code_challenge_method": "S256",
            }
        return cast(
            "str",
            prepare_grant_uri(
                f"{self._settings.authorization_url}/authorize",
                self._settings.client_id,
                "code",
                redirect_uri=self._callback,
                scope=list(scopes),
                state=state,
                audience=AUDIENCE,
                prompt="consent",
                **challenge,
            ),
        )

    async def exchange(self, code: str, code_verifier: str | None = None) -> TokenAnswer:
        """Redeem the *code* that came to our callback."""
        parameters = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
        }
        if code_verifier is not None and self._settings.send_pkce:
            parameters["code_verifier"] = code_verifier
        return await self._tokens(parameters)

    async def refresh(self, refresh_token: str) -> TokenAnswer:
        """Rotate *refresh_token*; the answer's own refresh token replaces it, where it has one."""
        return await self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def me(self, access_token: str) -> Account:
        """Ask who the token's user is (scope ``read:me``)."""
        return account(await self._ask("/me", access_token))

    async def sites(self, access_token: str) -> tuple[ReachableSite, ...]:
        """Ask which sites the token reaches, each once; there may be none."""
        return reachable_sites(await self._ask("/oauth/token/accessible-resources", access_token))

    async def _tokens(self, parameters: dict[str, str]) -> TokenAnswer:
        previous = self._settings.previous_client_secret
        try:
            return await self._tokens_with(self._settings.client_secret, parameters)
        except AppRefused:
            if previous is None:
                raise
            log.warning("atlassian.secret.refused", trying="previous_client_secret")
            return await self._tokens_with(previous, parameters)

    async def _tokens_with(self, secret: SecretStr, parameters: dict[str, str]) -> TokenAnswer:
        sent = {
            **parameters,
            "client_id": self._settings.client_id,
            "client_secret": secret.get_secret_value(),
        }
        url = f"{self._settings.authorization_url}/oauth/token"
        status, body = await self._json("POST", url, json=sent)
        if status != 200:
            raise token_refusal(status, body)
        return token_answer(body)

    async def _ask(self, path: str, access_token: str) -> Json:
        headers = {"Authorization": f"Bearer {access_token}"}
        status, body = await self._json("GET", f"{self._settings.api_url}{path}", headers=headers)
        if status != 200:
            raise bearer_refusal(status, body)
        return body

    async def _json(self, method: str, url: str, **options: Any) -> tuple[int, Json]:
        """Return status and body; a body that is not JSON is ``None`` unless the status is 200."""
        status = 0
        try:
            async with self._http.request(
                method, url, timeout=TIMEOUT, allow_redirects=False, **options
            ) as response:
                status = response.status
                return status, await parse(await read_capped(response, ANSWER_BYTES))
        except aiohttp.ClientConnectorError as error:
            raise AtlassianUnavailable(type(error).__name__, ambiguous=False) from error
        except (aiohttp.ClientError, TimeoutError, TooMuch) as error:
            raise AtlassianUnavailable(type(error).__name__) from error
        except NotJson as error:
            if status == 200:
                raise AtlassianUnavailable("the answer is not JSON") from error
            return status, None
