"""One user: signs in, comes and goes, reads and writes its own, and looks out for others'."""

import asyncio
import json
import random
import re
import time
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import aiohttp
from fakes.serve_process import Walk, quiet
from soak.atlassian import marker
from soak.deeds import MINE, chosen
from soak.ledger import Failure, Ledger
from soak.visits import LOST, Ask, http_sse, session, stateless

from telamon.demo.browser import Browser
from telamon.demo.journey import JourneyFailed

ANYBODY = re.compile(r"[Mm]arked[ -](\d{4})")
TIMEOUT = aiohttp.ClientTimeout(total=120)
TRIES = 40
SKEW = 5.0
LONGEST = 4.0
APPS = 60
"""Registered clients: one address may register a hundred a day at each replica."""
ENOUGH = 30.0
"""Seconds that an access token should still be good for at the beginning of a visit."""
PAUSE = 2.0


@dataclass(kw_only=True)
class User:
    """Number *number*; ``gate`` closed, the user leaves and waits."""

    number: int
    home: str
    upstream: str
    ledger: Ledger
    gate: asyncio.Event
    apps: dict[int, str]
    """Client ids that somebody has registered."""
    door: asyncio.Semaphore
    """So many sign in at once."""
    linger: float
    """Seconds between two steps, on average."""
    walk: Walk | None = None
    away: bool = True
    """Nothing of this user's is open."""
    issue: str = ""
    page: str = ""
    good_until: float = 0.0
    """When the access token expires; what stands open then, the server ends."""
    good_at: float = 0.0
    """When the connection of this visit was last known to be whole."""
    luck: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self.luck.seed(self.number)

    @property
    def mark(self) -> str:
        return marker(self.number)

    async def live(self) -> None:
        """Come and go until cancelled."""
        while True:
            if not self.gate.is_set():
                await self.gate.wait()
                await self._linger()  # not all at once
                continue
            self.away = False
            try:
                await self.once()
            finally:
                self.away = True
            await self._linger()

    async def once(self) -> None:
        """One visit, and what some do after it."""
        if self.walk is None:
            async with self.door:
                if not await self._signed_in():
                    return
        if time.monotonic() > self.good_until - ENOUGH and not await self.renew():
            return
        await self._visit()
        what = self.luck.random()
        if what < 0.06:
            await self._revoke()
        elif what < 0.10:
            await self._disconnect()
        elif what < 0.5:
            await self.renew()

    async def leave(self) -> None:
        if self.walk is not None:
            await self.walk.http.close()

    async def still_connected(self) -> bool:
        """Whether a fresh token and a call work, at the latest when all effects are over."""
        for _ in range(TRIES):
            if self.walk is None or not await self.renew():
                return False
            began = time.monotonic()
            try:
                async with (
                    aiohttp.ClientSession(timeout=TIMEOUT) as http,
                    stateless(http, self.home, self._token(), self._hear) as ask,
                ):
                    text = await ask("tools/call", MINE)
                    self._hear(text, counted=False)
                    if self.issue:
                        self._own(text)
            except (Failure, *LOST) as error:
                self.good_at = began
                await self._trouble("still connected", error, began)
                await asyncio.sleep(PAUSE)
            else:
                return True
        self.ledger.lost.append(f"{self.mark}: no call succeeds any more")
        return False

    async def renew(self) -> bool:
        """Refresh as a client does: again with the same token until there is an answer."""
        for _ in range(TRIES):
            if self.walk is None:
                return False
            began = time.monotonic()
            try:
                status, said = await self.walk.refreshed()
            except LOST as error:
                self._failed("refresh", f"connection: {error!r}", began)
            else:
                if status == 200:
                    self.good_until = began + said["expires_in"]
                    self.ledger.succeeded("refresh", began)
                    return True
                if status == 400:
                    await self._lost(f"refresh: {said}")
                    return False
                self._failed("refresh", f"HTTP {status}: {said}", began)
            await asyncio.sleep(0.5)
        return False

    async def _signed_in(self) -> bool:
        http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=TIMEOUT)
        walk = Walk(http=http, home=self.home, say=quiet, person=self.mark, upstream=self.upstream)
        began = time.monotonic()
        try:
            await walk.discover()
            app = self.number % APPS
            if app in self.apps:
                walk.state["client_id"] = self.apps[app]
            else:
                await walk.register()
                self.apps[app] = walk.state["client_id"]
            await walk.sign_in()
            await walk.redeem()
        except (JourneyFailed, RuntimeError, *LOST) as error:
            self._failed("sign in", f"sign-in: {error!r}", began)
            await http.close()
            return False
        self.good_until = time.monotonic() + walk.state["pair"]["expires_in"] - SKEW
        self.ledger.succeeded("sign in", began)
        self.ledger.sign_ins += 1
        self.walk = walk
        return True

    async def _visit(self) -> None:
        """Connect by one of the revisions, act, and go, at times without a word."""
        ways = {"2026-07-28": 4, "2025-11-25": 4, "2024-11-05": 2}
        (revision,) = self.luck.choices(list(ways), list(ways.values()))
        # A connection of its own each time, which the balancer gives to the other replica.
        async with aiohttp.ClientSession(timeout=TIMEOUT) as http:
            self.good_at = began = time.monotonic()
            try:
                async with self._opened(revision, http) as ask:
                    self.ledger.succeeded(f"connect {revision}", began)
                    self.good_at = time.monotonic()
                    for _ in range(self.luck.randint(2, 8)):
                        if self.walk is None or not self.gate.is_set():
                            break
                        if not await self._act(ask, revision):
                            break
                        await self._linger()
                    began = time.monotonic()
            except (Failure, *LOST) as error:
                await self._trouble(f"connect {revision}", error, began)

    def _opened(
        self, revision: str, http: aiohttp.ClientSession
    ) -> AbstractAsyncContextManager[Ask]:
        token = self._token()
        if revision == "2026-07-28":
            return stateless(http, self.home, token, self._hear)
        if revision == "2025-11-25":
            leave = self.luck.random() < 0.3
            return session(http, self.home, token, self._hear, leave=leave)
        return http_sse(http, self.home, token, self._hear)

    async def _act(self, ask: Ask, revision: str) -> bool:
        """One call; whether the connection may be used for another."""
        deed = chosen(self.luck, self.mark, self.issue, self.page)
        doing, began = deed.doing, time.monotonic()
        try:
            text = await ask(deed.method, deed.params)
        except (Failure, *LOST) as error:
            await self._trouble(f"{doing} {revision}", error, began)
            return isinstance(error, Failure) and error.kind == "tool"
        self.ledger.succeeded(doing, began)
        self.good_at = time.monotonic()
        self._hear(text, counted=False)
        if deed.own:
            self._own(text)
        self._learn(doing, text)
        return True

    def _learn(self, doing: str, text: str) -> None:
        if doing == "createJiraIssue":
            made = json.loads(json.loads(text)["content"][0]["text"])
            self.issue = made["key"]
        elif doing == "createConfluencePage":
            made = json.loads(json.loads(text)["content"][0]["text"])
            self.page = str(made["id"])

    async def _trouble(self, doing: str, error: Exception, began: float) -> None:
        kind = error.kind if isinstance(error, Failure) else "ended"
        expired = time.monotonic() >= self.good_until
        if kind == "HTTP 401" or (expired and kind in {"ended", "HTTP 404"}):
            # The access token has expired, or the grant is gone: the token endpoint knows.
            self.ledger.calls["token ended"] += 1
            await self.renew()
        elif isinstance(error, Failure):
            # A stream may have ended, a session been lost, long before anybody noticed.
            late = kind in {"ended", "HTTP 404"}
            self._failed(doing, str(error), self.good_at if late else began)
        else:
            self._failed(doing, f"connection: {error!r}", self.good_at)

    async def _revoke(self) -> None:
        if self.walk is None:
            return
        began = time.monotonic()
        try:
            await self.walk.revoke()
        except (JourneyFailed, *LOST) as error:
            self._failed("revoke", f"revoke: {error!r}", began)
        else:
            self.ledger.succeeded("revoke", began)
            self.ledger.revocations += 1
        # After a failure it stays open whether the tokens are dead.
        await self._forget()

    async def _disconnect(self) -> None:
        """Sign in to the connections page, disconnect there, and sign out of it."""
        if self.walk is None:
            return
        began = time.monotonic()
        try:
            browser = Browser(self.walk.http, self.home)
            page = await browser.open(f"{self.home}/connections")
            ours = [f for f in page.forms if f.action == "/connections/disconnect"]
            if page.status == 200 and ours:
                page = await browser.submit(page, ours[0])
                out = [f for f in page.forms if f.action == "/connections/sign-out"]
                if page.status == 200 and out:
                    page = await browser.submit(page, out[0])
        except LOST as error:
            self._failed("connections page", f"page: {error!r}", began)
        else:
            if page.status != 200:
                self._failed("connections page", f"page: HTTP {page.status}", began)
            else:
                self.ledger.succeeded("connections page", began)
                self.ledger.revocations += bool(ours)
        # As above.
        await self._forget()

    async def _lost(self, how: str) -> None:
        self.ledger.lost.append(f"{self.mark}: {how}")
        await self._forget()

    async def _forget(self) -> None:
        assert self.walk is not None
        await self.walk.http.close()
        self.walk = None

    def _token(self) -> str:
        assert self.walk is not None
        return self.walk.access_token

    def _hear(self, text: str, *, counted: bool = True) -> None:
        self.ledger.events += counted
        others = {found for found in ANYBODY.findall(text) if int(found) != self.number}
        if others:
            self.ledger.mixed.append(f"{self.mark} saw {sorted(others)}: {text[:200]}")

    def _own(self, text: str) -> None:
        if self.mark not in text:
            self.ledger.mixed.append(f"{self.mark} missed the own marker: {text[:200]}")

    def _failed(self, doing: str, text: str, began: float) -> None:
        self.ledger.failed(doing, text, began)

    async def _linger(self) -> None:
        seconds = self.luck.expovariate(1 / self.linger)
        await asyncio.sleep(min(seconds, LONGEST * self.linger))
