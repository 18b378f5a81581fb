"""The way into the token and revocation endpoints: form, limits, client; errors become answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from telamon.authorization.client_authentication import ClientRefused, authenticate, presented
from telamon.authorization.clients import ClientDirectory
from telamon.authorization.documents import DocumentUnavailable
from telamon.authorization.limit_hits import LimitHits
from telamon.settings import LimitSettings, ListenSettings
from telamon.storage import Client
from telamon.web.answers import oauth_error
from telamon.web.body import BadForm, read_form
from telamon.web.limits import Limiter, client_network, retry_after, too_many

_FAILURES = "token_failures"
_LONGEST_KEY = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Admitted:
    """A client that proved itself, what it sent, and whose bucket its failures fill."""

    client: Client
    form: Mapping[str, str] = field(repr=False)
    key: str


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
        try:
            form = await self._form(request)
            credentials = presented(request, form)
        except BadForm as error:
            return oauth_error("invalid_request", str(error))
        except ClientRefused as error:
            return _refused(error)
        client_id = credentials.client_id[:_LONGEST_KEY]
        key = f"{client_id} {client_network(request, self._proxies)}"
        wait = self._limiter.wait(_FAILURES, key, per_minute=self._limits.token_failures_per_minute)
        if wait is None:
            wait = self._limiter.take(limit, key, per_minute=self._limits.tokens_per_minute)
            if wait is not None:
                self._hits.tell(limit, client_id)
        if wait is not None:
            return too_many(wait)
        try:
            client = await authenticate(credentials, self._directory)
        except ClientRefused as error:
            self.failed(key)
            return _refused(error)
        except DocumentUnavailable as error:
            return oauth_error(
                "temporarily_unavailable",
                str(error),
                status=503,
                headers={"Retry-After": retry_after(error.seconds)},
            )
        return Admitted(client=client, form=form, key=key)

    def failed(self, key: str) -> None:
        """Count a failure; after the last one that is allowed nothing is looked up any more."""
        per_minute = self._limits.token_failures_per_minute
        self._limiter.take(_FAILURES, key, per_minute=per_minute)
        if self._limiter.wait(_FAILURES, key, per_minute=per_minute) is not None:
            self._hits.tell(_FAILURES, key.rpartition(" ")[0])

    async def _form(self, request: web.Request) -> dict[str, str]:
        """Return the fields, each of which stands once (RFC 6749, section 3.2)."""
        form = await read_form(request, seconds=self._limits.body_seconds)
        if len(set(form)) != len(form):
            raise BadForm("a parameter stands more than once")
        return dict(form)


def _refused(error: ClientRefused) -> web.Response:
    return oauth_error(error.error, str(error), status=error.status, headers=error.headers)
