"""The pages of a sign-in over HTTP: who may see and send them. What they mean is the steps' own."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web
from multidict import MultiDict

from telamon.authorization.answer import Answers, redirection
from telamon.authorization.clients import ClientDirectory
from telamon.authorization.consent import Consent
from telamon.authorization.documents import DocumentRefused, DocumentUnavailable
from telamon.authorization.flow import Flow
from telamon.authorization.limit_hits import LimitHits
from telamon.authorization.opened import OpenSignIns
from telamon.authorization.progress import Asked, Progress, Step
from telamon.authorization.request import AnswerClient, AnswerHere, AuthorizationRequests
from telamon.authorization.site import SiteChoice
from telamon.authorization.ties import Kind, Ties, form_token, new_secret, token_matches
from telamon.settings import LimitSettings, ListenSettings
from telamon.storage import Client, Storage, Transaction
from telamon.web.answers import visible
from telamon.web.body import BadForm, read_form
from telamon.web.limits import Limiter, client_network
from telamon.web.pages import Pages
from telamon.web.problems import Problem
from telamon.web.sessions import account_of, name_of, session_of

_DECISIONS_PER_MINUTE = 20
_PREFETCH = ("Sec-Purpose", "Purpose", "X-Moz", "X-Purpose")


@dataclass(frozen=True, kw_only=True, slots=True)
class Screens:
    """``/authorize``, ``/consent`` and ``/site``."""

    requests: AuthorizationRequests
    flow: Flow
    consent: Consent
    site: SiteChoice
    answers: Answers
    ties: Ties
    opened: OpenSignIns
    directory: ClientDirectory
    storage: Storage
    pages: Pages
    limits: LimitSettings
    listen: ListenSettings
    limiter: Limiter
    hits: LimitHits

    async def authorize(self, request: web.Request) -> web.Response:
        """Check the request and store it; nothing else happens, however often it is asked.

        Some clients ask once by themselves before they open the browser.
        """
        if any("prefetch" in request.headers.get(name, "").lower() for name in _PREFETCH):
            return web.Response(status=503, headers={"Retry-After": "1"})
        network = client_network(request, self.listen.trusted_proxies)
        wait = self.limiter.take(
            "authorizations", network, per_minute=self.limits.authorizations_per_minute
        )
        if wait is not None:
            self.hits.tell("authorizations", "authorize")
            return self.flow.too_often(wait)
        try:
            asked = await self.requests.check(request.rel_url.raw_query_string, network)
        except AnswerHere as error:
            if error.status == 429:
                return self.flow.too_often(error.seconds)
            return self.pages.problem(error.problem, status=error.status)
        except AnswerClient as error:
            return self._told(error)
        transaction = await self.flow.begin(asked)
        surplus = self.opened.add(f"{asked.client_id} {network}", transaction.id)
        if surplus is not None:
            await self.flow.drop(surplus)
        return redirection(302, self.flow.page(transaction, "consent"))

    def _told(self, error: AnswerClient) -> web.Response:
        """Send the browser to the client with an error, where a person should look by a link."""
        said = {"error": error.error, "error_description": visible(str(error))}
        location = self.answers.location(error.redirect_uri, error.state, said)
        if error.problem is None:
            return redirection(302, location)
        return self.pages.page("refused", status=400, problem=error.problem, location=location)

    async def show_consent(self, request: web.Request) -> web.Response:
        """Show who asks for what; the form is good for this browser alone."""
        found = await self._at_consent(request.query.get("txn"))
        if found is None:
            return self.flow.gone()
        transaction, progress, asked, client = found
        if not self.flow.may_decide(request, transaction, progress):
            return self._foreign()
        account = name_of(await session_of(request))
        values = self.consent.page(asked, client, account)
        return self._form(request, transaction, progress, "consent", "form", **values)

    async def decide_consent(self, request: web.Request) -> web.Response:
        """Take Approve or Deny."""
        form = await self._sent(request)
        if isinstance(form, web.Response):
            return form
        found = await self._at_consent(form.get("txn"))
        if found is None:
            return self.flow.gone()
        transaction, progress, asked, client = found
        refused = self._check(request, transaction, progress, form, "form")
        if refused is not None:
            return refused
        account = account_of(await session_of(request))
        binding = self.flow.binding(request, transaction, progress)
        outcome = self.consent.decide(progress, asked, client, form, account, binding=binding)
        self.opened.close(transaction.id)
        return await self.flow.go(request, transaction, outcome)

    async def show_site(self, request: web.Request) -> web.Response:
        """Show the sites to the browser that approved."""
        found = await self.flow.find(request.query.get("txn"), Step.SITE)
        if found is None:
            return self.flow.gone()
        transaction, progress = found
        if not self.flow.is_bound(request, transaction, progress):
            return self.flow.gone(status=403)
        client = await self._client(progress.asked) if progress.asked else None
        values = self.site.page(progress, client)
        return self._form(request, transaction, progress, "site", "txn", **values)

    async def decide_site(self, request: web.Request) -> web.Response:
        """Take the site."""
        form = await self._sent(request)
        if isinstance(form, web.Response):
            return form
        found = await self.flow.find(form.get("txn"), Step.SITE)
        if found is None:
            return self.flow.gone()
        transaction, progress = found
        refused = self._check(request, transaction, progress, form, "txn")
        return refused or await self.flow.go(request, transaction, self.site.choose(progress, form))

    async def _at_consent(
        self, transaction_id: str | None
    ) -> tuple[Transaction, Progress, Asked, Client] | None:
        found = await self.flow.find(transaction_id, Step.CONSENT, Step.ATLASSIAN)
        asked = found[1].asked if found else None
        client = await self._client(asked) if asked else None
        return (*found, asked, client) if found and asked and client else None

    async def _client(self, asked: Asked) -> Client | None:
        try:
            return await self.directory.find(asked.client_id)
        except (DocumentRefused, DocumentUnavailable):
            return None

    def _form(
        self,
        request: web.Request,
        transaction: Transaction,
        progress: Progress,
        page: str,
        kind: Kind,
        **values: Any,
    ) -> web.Response:
        secret = self.ties.held(request, kind, transaction.id) or new_secret()
        response = self.pages.page(
            page,
            txn=transaction.id,
            csrf=form_token(progress.form_key, secret),
            **values,
        )
        self.ties.tie(request, response, kind, transaction.id, secret=secret)
        return response

    async def _sent(self, request: web.Request) -> MultiDict[str] | web.Response:
        """Return a form that one of our own pages sent."""
        if not self.ties.is_own_form(request):
            return self._foreign()
        try:
            return await read_form(request, seconds=self.limits.body_seconds)
        except BadForm:
            return self.flow.gone()

    def _check(
        self,
        request: web.Request,
        transaction: Transaction,
        progress: Progress,
        form: MultiDict[str],
        kind: Kind,
    ) -> web.Response | None:
        """Check the form's token against the browser's secret, and how often it was sent."""
        secret = self.ties.held(request, kind, transaction.id)
        is_theirs = self.flow.may_decide if kind == "form" else self.flow.is_bound
        if not is_theirs(request, transaction, progress):
            return self._foreign()
        if not token_matches(progress.form_key, secret, form.get("csrf", "")):
            return self._foreign()
        wait = self.limiter.take("decisions", transaction.id, per_minute=_DECISIONS_PER_MINUTE)
        if wait is None:
            return None
        self.hits.tell("decisions", transaction.client_id)
        return self.flow.too_often(wait)

    def _foreign(self) -> web.Response:
        problem = Problem(
            title="This form was not sent from here",
            happened="It came from another page, another browser, or one that keeps no cookies.",
            to_do=(
                "Go back to your app and connect again, in one browser window.",
                "If your browser refuses cookies, allow them for this address.",
            ),
        )
        return self.pages.problem(problem, status=403)
