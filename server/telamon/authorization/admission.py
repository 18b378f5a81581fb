"""The way into the token and revocation endpoints: form, limits, client; errors become answers.

A client id is whatever a caller writes, so each network has a bucket of its own beside those of its
clients. Failures are counted for what was presented: one stale token, presented again and again,
must not shut out everybody else who uses the same app behind the same address.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from aiohttp import web

from telamon.authorization.client_authentication import (
    ClientRefused,
    Credentials,
    authenticate,
    presented,
)
from telamon.authorization.clients import ClientDirectory
from telamon.authorization.documents import DocumentUnavailable
from telamon.authorization.limit_hits import LimitHits
from telamon.settings import LimitSettings, ListenSettings
from telamon.storage import Client
from telamon.web.answers import oauth_error
from telamon.web.body import BadForm, read_form
from telamon.web.limits import Limiter, client_network, retry_after, too_many

_WIDER = 10
"""How much more a network has than one client in it, and a client than one token."""
_LONGEST_KEY = 256
_PRESENTED = ("code", "refresh_token", "token")


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Whose buckets a request fills. ``presented``: a hash of the credentials in it."""

    client_id: str
    network: str
    presented: str

    @property
    def client(self) -> str:
        """One app behind one address."""
        return f"{self.client_id} {self.network}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Admitted:
    """A client that proved itself, what it sent, and whose buckets its failures fill."""

    client: Client
    form: Mapping[str, str] = field(repr=False)
    caller: Caller


class Admission:
    """Lets clients in."""

    def __init__(
        self,
        *,
        directory: ClientDirectory,
        limits: LimitSettings,
        listen: ListenSettings,
        limiter: Limiter,
        hits: LimitHits,
    ) -> None:
        self._directory = directory
        self._limits = limits
        self._proxies = listen.trusted_proxies
        self._limiter = limiter
        self._hits = hits

    async def admit(self, request: web.Request, limit: str) -> Admitted | web.Response:
        """Return the client and its form, or the error to answer.

        A row of failures is cut off before anything is looked up.
        """
        network = client_network(request, self._proxies)
        per_minute = _WIDER * self._limits.tokens_per_minute
        wait = self._take(f"{limit}_of_network", network, network, per_minute)
        if wait is not None:
            return too_many(wait)
        return await self._admit(request, limit, network)

    async def _admit(
        self, request: web.Request, limit: str, network: str
    ) -> Admitted | web.Response:
        try:
            form = await self._form(request)
            credentials = presented(request, form)
        except BadForm as error:
            return oauth_error("invalid_request", str(error))
        except ClientRefused as error:
            return _refused(error)
        caller = _caller(credentials, form, network)
        wait = self._failing(caller)
        if wait is None:
            per_minute = self._limits.tokens_per_minute
            wait = self._take(limit, caller.client, caller.client_id, per_minute)
        if wait is not None:
            return too_many(wait)
        try:
            client = await authenticate(credentials, self._directory, network)
        except ClientRefused as error:
            self.failed(caller)
            return _refused(error)
        except DocumentUnavailable as error:
            return oauth_error(
                "temporarily_unavailable",
                str(error),
                status=503,
                headers={"Retry-After": retry_after(error.seconds)},
            )
        return Admitted(client=client, form=form, caller=caller)

    def failed(self, caller: Caller) -> None:
        """Count a failure; after the last one that is allowed nothing is looked up any more."""
        for limit, key, per_minute in self._failures(caller):
            self._limiter.take(limit, key, per_minute=per_minute)
            if self._limiter.wait(limit, key, per_minute=per_minute) is not None:
                self._hits.tell(limit, caller.client_id)

    def _failing(self, caller: Caller) -> float | None:
        """Return how long it is until a failure may happen again; None if it may now."""
        waits = (
            self._limiter.wait(limit, key, per_minute=per_minute)
            for limit, key, per_minute in self._failures(caller)
        )
        return max((wait for wait in waits if wait is not None), default=None)

    def _failures(self, caller: Caller) -> Iterator[tuple[str, str, int]]:
        per_minute = self._limits.token_failures_per_minute
        yield "token_failures", f"{caller.client} {caller.presented}", per_minute
        yield "token_failures_of_client", caller.client, _WIDER * per_minute

    def _take(self, limit: str, key: str, told: str, per_minute: int) -> float | None:
        wait = self._limiter.take(limit, key, per_minute=per_minute)
        if wait is not None:
            self._hits.tell(limit, told)
        return wait

    async def _form(self, request: web.Request) -> dict[str, str]:
        """Return the fields; each stands once, and an empty one is none (RFC 6749, section 3.2)."""
        form = await read_form(request, seconds=self._limits.body_seconds)
        if len(set(form)) != len(form):
            raise BadForm("a parameter stands more than once")
        return {name: value for name, value in form.items() if value}


def _caller(credentials: Credentials, form: Mapping[str, str], network: str) -> Caller:
    secrets = [credentials.secret, *(form.get(name, "") for name in _PRESENTED)]
    return Caller(
        client_id=credentials.client_id[:_LONGEST_KEY],
        network=network,
        presented=sha256("\0".join(secrets).encode(errors="surrogatepass")).hexdigest(),
    )


def _refused(error: ClientRefused) -> web.Response:
    return oauth_error(error.error, str(error), status=error.status, headers=error.headers)
