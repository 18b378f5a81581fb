"""The dispatcher of a sign-in: a state machine over one stored transaction.

Rules:

* A step (consent, Atlassian, site) gets the progress and returns an outcome. It never calls another
  step and never touches the transaction; only this module does.
* Every change is a compare-and-swap. Who loses it is shown where the sign-in stands now, so a
  double click ends where a single one does.
* Taking the transaction is the one way to an answer, so there is one answer.
* Ids in addresses open nothing on their own: a form needs its cookie and token, and everything
  after approval needs the cookie of the browser that approved first.
* Atlassian's answer is worked on in a task of the application; a closed tab stops nothing.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

import structlog
from aiohttp import web

from telamon.addresses import Addresses
from telamon.authorization.answer import Answers, redirection
from telamon.authorization.atlassian_hop import AtlassianHop
from telamon.authorization.outcomes import Move, Outcome, Refuse, Stay
from telamon.authorization.progress import (
    Asked,
    Progress,
    Step,
    from_data,
    sent_to_atlassian,
    to_data,
)
from telamon.authorization.ties import Ties, binding_of, new_secret
from telamon.clock import Clock
from telamon.plugin.events import Announce
from telamon.settings import TokenSettings
from telamon.storage import Storage, Transaction, Unsealable
from telamon.tasks import Tasks
from telamon.web.limits import retry_after
from telamon.web.pages import Pages
from telamon.web.problems import (
    atlassian_unavailable,
    callback_misconfigured,
    did_not_finish,
    too_often,
)
from telamon.web.sessions import renew

_CALLBACK_PARAMETERS = ("state", "code", "error")
_MOST_PARAMETERS = 20
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """Moves sign-ins on."""

    storage: Storage
    hop: AtlassianHop
    answers: Answers
    ties: Ties
    pages: Pages
    addresses: Addresses
    settings: TokenSettings
    tasks: Tasks
    announce: Announce
    clock: Clock

    async def sign_in(self, request: web.Request) -> web.Response:
        """Send a person through Atlassian on their own account, for the connections page."""
        transaction = await self.begin(None)
        moved = sent_to_atlassian(from_data(transaction.data), binding=new_secret())
        return await self.go(request, transaction, Move(progress=moved, state=moved.state))

    async def begin(self, asked: Asked | None) -> Transaction:
        """Store a new sign-in."""
        now = self.clock()
        progress = Progress(step=Step.CONSENT, asked=asked, form_key=new_secret())
        transaction = Transaction(
            id=new_secret(),
            version=0,
            client_id=asked.client_id if asked else self.addresses.issuer,
            data=to_data(progress),
            created_at=now,
            expires_at=now + self.settings.transaction_seconds,
        )
        await self.storage.transactions.add(transaction)
        return transaction

    def page(self, transaction: Transaction, name: str) -> str:
        """Return where a page of this sign-in is: at the host that Atlassian sends browsers to."""
        return f"{self.addresses.issuer}/{name}?txn={transaction.id}"

    async def drop(self, transaction_id: str) -> None:
        """Forget a sign-in, unless somebody went on with it, here or on another replica."""
        found = await self.find(transaction_id, Step.CONSENT)
        if found is not None:
            await self.storage.transactions.take(found[0].id, found[0].version)

    async def find(
        self, transaction_id: str | None, *steps: Step
    ) -> tuple[Transaction, Progress] | None:
        """Return a sign-in that waits at one of *steps*."""
        if not transaction_id:
            return None
        transaction = await _opened(self.storage.transactions.get(transaction_id, self.clock()))
        if transaction is None:
            return None
        progress = from_data(transaction.data)
        return (transaction, progress) if progress.step in steps else None

    async def go(
        self, request: web.Request, transaction: Transaction, outcome: Outcome
    ) -> web.Response:
        """Do what a step decided, and return where the browser goes."""
        progress = from_data(transaction.data)
        match outcome:
            case Stay():
                return self.pages.problem(outcome.problem, status=outcome.status)
            case Refuse():
                return await self._refuse(transaction, progress, outcome)
            case Move(progress=moved) if moved.step is Step.ANSWER:
                return await self._answer(transaction, moved)
            case Move(progress=moved):
                saved = await self._save(transaction, outcome)
                if saved is None:
                    return self.gone()
                # Where another browser was faster, the sign-in is that one's.
                if not _same(saved[1].binding, moved.binding):
                    return self.gone(status=403)
                return self._enter(request, *saved)

    async def _save(
        self, transaction: Transaction, move: Move
    ) -> tuple[Transaction, Progress] | None:
        """Store the move; where another tab was faster, return what that one stored."""
        changed = replace(transaction, data=to_data(move.progress))
        if await self.storage.transactions.save(changed, state=move.state):
            if move.event is not None:
                self.announce(move.event)
            return replace(changed, version=changed.version + 1), move.progress
        current = await self.storage.transactions.get(transaction.id, self.clock())
        return None if current is None else (current, from_data(current.data))

    def _enter(
        self, request: web.Request, transaction: Transaction, progress: Progress
    ) -> web.Response:
        """Send the browser to where the sign-in waits."""
        match progress.step:
            case Step.ATLASSIAN:
                response = redirection(303, self.hop.address(progress))
                self.ties.tie(request, response, "txn", transaction.id, secret=progress.binding)
                return response
            case Step.SITE:
                return redirection(303, self.page(transaction, "site"))
            case _:
                # Another tab is at it, or done with it.
                return self.gone()

    async def callback(self, request: web.Request) -> web.Response:
        """Take Atlassian's answer, from the browser that approved, once."""
        said = _callback(request.rel_url.raw_query_string)
        if said is None:
            return self._misconfigured()
        found = self.storage.transactions.by_state(said["state"], self.clock())
        transaction = await _opened(found)
        progress = from_data(transaction.data) if transaction else None
        if transaction is None or progress is None or progress.step is not Step.ATLASSIAN:
            return self.gone()
        if not self.is_bound(request, transaction, progress):
            return self.gone(status=403)
        # Whatever comes of it, this state is spent.
        claim = replace(transaction, data=to_data(replace(progress, step=Step.ARRIVING)))
        if not await self.storage.transactions.save(claim, state=""):
            return self.gone()
        claimed = replace(claim, version=claim.version + 1)
        if "error" in said:
            return await self.go(request, claimed, self.hop.declined(said["error"]))
        work = self.tasks.start(self.hop.arrive(progress, said["code"]), name="atlassian sign-in")
        outcome = await asyncio.shield(work)
        if isinstance(outcome, Move) and outcome.progress.account is not None:
            account = outcome.progress.account
            await renew(request, account_id=account.account_id, name=account.name)
        return await self.go(request, claimed, outcome)

    def is_bound(self, request: web.Request, transaction: Transaction, progress: Progress) -> bool:
        """Tell whether this is the browser that approved."""
        held = self.ties.held(request, "txn", transaction.id)
        return bool(progress.binding) and _same(held, progress.binding)

    def may_decide(
        self, request: web.Request, transaction: Transaction, progress: Progress
    ) -> bool:
        """Tell whether consent is this browser's: anybody's until one approves, then that one's."""
        if progress.step is Step.CONSENT:
            return True
        return _same(self.binding(request, transaction, progress), progress.binding)

    def binding(self, request: web.Request, transaction: Transaction, progress: Progress) -> str:
        """Return what approval ties this browser by; the same each time, and no other's."""
        return binding_of(progress.form_key, self.ties.held(request, "form", transaction.id))

    async def _answer(self, transaction: Transaction, progress: Progress) -> web.Response:
        asked = progress.asked
        good = asked is None or await self.answers.still_good(asked)
        if not await self.storage.transactions.take(transaction.id, transaction.version):
            return self.gone()
        if not good:
            await self.hop.forget(progress)
            return self.gone()
        if asked is None:
            response = redirection(303, f"{self.addresses.issuer}/connections")
        else:
            location = await self.answers.issue(asked, progress, progress.sites[0])
            response = self.answers.leave(asked.redirect_uri, location, approved=True)
        self.ties.untie(response, transaction.id)
        return response

    async def _refuse(
        self, transaction: Transaction, progress: Progress, refuse: Refuse
    ) -> web.Response:
        if not await self.storage.transactions.take(transaction.id, transaction.version):
            return self.gone()
        await self.hop.forget(progress)
        asked = progress.asked
        if refuse.event is not None:
            self.announce(refuse.event)
        if asked is None:
            response = self.pages.problem(refuse.problem or atlassian_unavailable())
        else:
            location = self.answers.error(asked, refuse.error, refuse.description)
            if refuse.problem is None:
                response = self.answers.leave(asked.redirect_uri, location, approved=False)
            else:
                response = self.pages.page(
                    "refused", status=403, problem=refuse.problem, location=location
                )
        self.ties.untie(response, transaction.id)
        return response

    def gone(self, *, status: int = 400) -> web.Response:
        """Say that this sign-in cannot go on, here or at all."""
        return self.pages.problem(did_not_finish(), status=status)

    def too_often(self, seconds: float) -> web.Response:
        """Say that a limit was reached, and for how long."""
        wait = retry_after(seconds)
        page = self.pages.problem(too_often(wait), status=429)
        page.headers["Retry-After"] = wait
        return page

    def _misconfigured(self) -> web.Response:
        return self.pages.problem(callback_misconfigured(self.addresses.callback), status=400)


async def _opened(found: Awaitable[Transaction | None]) -> Transaction | None:
    """Return the sign-in that was *found*; one that does not open cannot go on."""
    try:
        return await found
    except Unsealable:
        log.exception("sign_in.unsealable")
        return None


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _callback(raw_query: str) -> Mapping[str, str] | None:
    """Return the state and either the code or the error that Atlassian sent; else None."""
    try:
        pairs = parse_qsl(raw_query, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return None
    known = [(name, value) for name, value in pairs if name in _CALLBACK_PARAMETERS]
    said = dict(known)
    is_one_answer = len(said) == len(known) == 2 and "state" in said
    return said if is_one_answer else None
