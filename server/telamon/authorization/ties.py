"""What ties a browser to a sign-in: cookies of one sign-in each, form tokens, and the origin check.

Each sign-in has cookies of its own, so that tabs, even when opened at once, never disturb each
other. A ``form`` cookie comes with the consent page and only proves that a form was sent from
there; a ``txn`` cookie is set by approval alone and has to come back from Atlassian. Its value is
made from the ``form`` cookie: a browser that approves twice has it twice, another one never.
"""

import hmac
import re
import secrets
from hashlib import sha256
from typing import Literal

from aiohttp import web

from telamon.addresses import Addresses

MOST_COOKIES = 10
_SECRET = re.compile(r"[A-Za-z0-9_-]{43,64}")
Kind = Literal["form", "txn"]


class Ties:
    """Sets and checks the cookies of sign-ins under way."""

    def __init__(self, addresses: Addresses, seconds: int) -> None:
        self._addresses = addresses
        self._seconds = seconds

    def held(self, request: web.Request, kind: Kind, transaction_id: str) -> str:
        """Return the browser's secret for this sign-in, empty if it has none that we made."""
        held = request.cookies.get(self._name(kind, transaction_id), "")
        return held if _SECRET.fullmatch(held) else ""

    def tie(
        self,
        request: web.Request,
        response: web.Response,
        kind: Kind,
        transaction_id: str,
        *,
        secret: str,
    ) -> None:
        """Give the browser a secret for this sign-in; of ten others the oldest has to go."""
        name = self._name(kind, transaction_id)
        prefix = self._name(kind, None)
        others = [each for each in request.cookies if each.startswith(prefix) and each != name]
        for old in others[: max(0, len(others) - MOST_COOKIES + 1)]:
            self._drop(response, old)
        response.set_cookie(
            name,
            secret,
            max_age=self._seconds,
            path="/",
            secure=self._addresses.secure,
            httponly=True,
            samesite="Lax",  # Strict would not come back from Atlassian
        )

    def untie(self, response: web.Response, transaction_id: str) -> None:
        """Take the browser's secrets for a sign-in that is over."""
        self._drop(response, self._name("form", transaction_id))
        self._drop(response, self._name("txn", transaction_id))

    def is_own_form(self, request: web.Request) -> bool:
        """Tell whether a POST comes from a page of ours.

        Our pages send no referrer, for which browsers send ``Origin: null``; then only
        ``Sec-Fetch-Site`` can tell, and where that is missing too the form is not ours.
        """
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        if site not in (None, "same-origin"):
            return False
        if origin in (None, "null"):
            return site == "same-origin"
        return origin == self._addresses.issuer

    def _name(self, kind: Kind, transaction_id: str | None) -> str:
        prefix = "__Host-" if self._addresses.secure else ""
        digest = "" if transaction_id is None else sha256(transaction_id.encode()).hexdigest()[:12]
        return f"{prefix}tlm_{kind}_{digest}"

    def _drop(self, response: web.Response, name: str) -> None:
        response.del_cookie(
            name, path="/", secure=self._addresses.secure, httponly=True, samesite="Lax"
        )


def new_secret() -> str:
    """Return 256 random bits for a cookie, a form key, a transaction id or a state."""
    return secrets.token_urlsafe(32)


def form_token(form_key: str, secret: str) -> str:
    """Return the token of a sign-in's form in the browser that holds *secret*."""
    return hmac.new(form_key.encode(), secret.encode(), sha256).hexdigest()


def binding_of(form_key: str, secret: str) -> str:
    """Return what ties a sign-in to the browser that holds *secret*, once it approved."""
    return hmac.new(form_key.encode(), f"binding:{secret}".encode(), sha256).hexdigest()


def token_matches(form_key: str, secret: str, token: str) -> bool:
    """Tell whether *token* is the one for *secret*, in constant time; no secret, no match."""
    return bool(secret) and hmac.compare_digest(
        form_token(form_key, secret).encode(), token.encode()
    )
