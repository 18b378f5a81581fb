"""Browser sessions: aiohttp-session on our own storage, so that ending one really ends it.

A session begins when something is first written to it, gets a new id when somebody signs in, and
ends after a pause, at its absolute age, or by log-out. Anonymous page views store nothing.
"""

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, TypedDict

import aiohttp_session
import structlog
from aiohttp import web

from telamon.addresses import Addresses
from telamon.clock import Clock
from telamon.plugin.events import Announce, Event, SessionChanged
from telamon.settings import TokenSettings
from telamon.storage import BrowserSession, KeyMissing, Storage, Unsealable

ACCOUNT = "account_id"
NAME = "name"
_CSRF_KEY = "csrf_key"
_ID = re.compile(r"[A-Za-z0-9_-]{43}")
_SESSIONS_PER_ACCOUNT = 20
_ATTEMPTS = 4
_MISSING = object()
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True)
class _Loaded:
    """What a request knows of its session: the record as stored, and whether it was ended."""

    record: BrowserSession | None = None
    ended: bool = False


_LOADED = web.RequestKey("telamon.browser_session", _Loaded)


class CookieAttributes(TypedDict):
    """What ``set_cookie`` and ``del_cookie`` have to be told alike."""

    secure: bool
    httponly: bool
    samesite: str
    path: str


class BrowserSessions(aiohttp_session.AbstractStorage):
    """Keeps sessions in ``storage.browser_sessions``; the cookie holds nothing but a random id."""

    def __init__(
        self,
        storage: Storage,
        addresses: Addresses,
        tokens: TokenSettings,
        clock: Clock,
        announce: Announce,
    ) -> None:
        # ``__Host-`` binds the cookie to this very host: a sibling subdomain cannot set it. Only
        # http on loopback goes without, and https never reads the other name.
        super().__init__(cookie_name="__Host-tlm_sid" if addresses.secure else "tlm_sid")
        self.cookie_attributes: CookieAttributes = {
            "secure": addresses.secure,
            "httponly": True,
            "samesite": "Lax",
            "path": "/",
        }
        self._kept = storage.browser_sessions
        self._idle = tokens.browser_idle_seconds
        self._absolute = tokens.browser_absolute_seconds
        self._clock = clock
        self._announce = announce

    async def load_session(self, request: web.Request) -> aiohttp_session.Session:
        """Return the session of the cookie, or an empty new one."""
        loaded = request[_LOADED] = _Loaded(record=await self._live(self.load_cookie(request)))
        return _session(loaded.record)

    async def _live(self, session_id: str | None) -> BrowserSession | None:
        if session_id is None or _ID.fullmatch(session_id) is None:
            return None
        now = self._clock()
        try:
            record = await self._kept.get(session_id, now)
        except (Unsealable, KeyMissing):
            # The person signs in again instead of failing at every page.
            log.exception("session.unsealable")
            record = None
        if record is None:
            return None
        if now - record.last_seen_at > self._idle:
            await self._kept.delete(session_id)
            return None
        if now - record.last_seen_at > self._idle / 10:
            seen = replace(record, last_seen_at=now)
            if await self._kept.save(seen):
                return replace(seen, version=seen.version + 1)
            return await self._kept.get(session_id, now)
        return record

    async def save_session(
        self,
        request: web.Request,
        response: web.StreamResponse,
        session: aiohttp_session.Session,
    ) -> None:
        """Store what changed and hand out the cookie where the browser has another, or none."""
        loaded = request[_LOADED]
        if loaded.ended or (session.empty and loaded.record is None):
            return
        if session.empty:
            await self.end(request, response)
            return
        if loaded.record is None:
            loaded.record = self._new(dict(session))
            await self._kept.add(loaded.record)
        elif dict(session) != loaded.record.data and not await self._merge(loaded.record, session):
            self._forget(response)
            return
        if self.load_cookie(request) != loaded.record.id:
            response.set_cookie(self.cookie_name, loaded.record.id, **self.cookie_attributes)

    async def _merge(self, before: BrowserSession, session: Mapping[str, Any]) -> bool:
        """Store this request's changes over whatever another tab stored; False: it has ended."""
        changed = {k: v for k, v in session.items() if before.data.get(k, _MISSING) != v}
        removed = before.data.keys() - session.keys()
        record: BrowserSession | None = before
        for _ in range(_ATTEMPTS):
            if record is None:
                return False
            data = {k: v for k, v in record.data.items() if k not in removed} | changed
            if await self._kept.save(replace(record, data=data, last_seen_at=self._clock())):
                return True
            record = await self._kept.get(before.id, self._clock())
        log.warning("session.contended")
        return True

    def _new(self, data: Mapping[str, Any]) -> BrowserSession:
        now = self._clock()
        return BrowserSession(
            id=secrets.token_urlsafe(32),
            account_id=data.get(ACCOUNT),
            data=dict(data),
            created_at=now,
            last_seen_at=now,
            expires_at=now + self._absolute,
            version=0,
        )

    async def renew(self, request: web.Request, account_id: str, name: str) -> None:
        """Give the session a new id and an owner; the old record, if any, is gone at once.

        What it held goes along (forms open in other tabs stay valid) unless it was another's.
        """
        session = await aiohttp_session.get_session(request)
        loaded = request[_LOADED]
        changes_hands = session.get(ACCOUNT) not in {None, account_id}
        kept: dict[str, Any] = {} if changes_hands else dict(session)
        fresh = self._new(kept | {ACCOUNT: account_id} | ({NAME: name} if name else {}))
        if loaded.record is None:
            await self._kept.add(fresh)
        else:
            await self._kept.renew(loaded.record.id, fresh)
        await self._kept.keep_newest(account_id, _SESSIONS_PER_ACCOUNT)
        loaded.record, loaded.ended = fresh, False
        session.invalidate()
        session.update(fresh.data)
        self._announce(SessionChanged(account_id=account_id, began=True))

    async def end(self, request: web.Request, response: web.StreamResponse) -> None:
        """Delete the record, so that a captured cookie is worth nothing, and the cookie."""
        await aiohttp_session.get_session(request)
        loaded = request[_LOADED]
        if loaded.record is not None and await self._kept.delete(loaded.record.id):
            owner = loaded.record.account_id
            if owner is not None:
                self._announce(SessionChanged(account_id=owner, began=False))
        loaded.record, loaded.ended = None, True
        self._forget(response)

    def _forget(self, response: web.StreamResponse) -> None:
        """Delete the cookie; without its attributes a browser would not believe it."""
        response.del_cookie(self.cookie_name, **self.cookie_attributes)


def _session(record: BrowserSession | None) -> aiohttp_session.Session:
    if record is None:
        return aiohttp_session.Session(None, data=None, new=True)
    data: aiohttp_session.SessionData = {
        "created": int(record.created_at),
        "session": dict(record.data),
    }
    return aiohttp_session.Session(record.id, data=data, new=False)


def _tell_nobody(event: Event) -> None:
    """Announce to no listener."""


_SESSIONS = web.AppKey("telamon.browser_sessions", BrowserSessions)


def setup_sessions(
    app: web.Application,
    storage: Storage,
    addresses: Addresses,
    tokens: TokenSettings,
    clock: Clock,
    *,
    announce: Announce = _tell_nobody,
) -> None:
    """Let the handlers of *app* have browser sessions."""
    kept = app[_SESSIONS] = BrowserSessions(storage, addresses, tokens, clock, announce)
    aiohttp_session.setup(app, kept)


async def session_of(request: web.Request) -> aiohttp_session.Session:
    """Return the browser's session; it is stored and its cookie set once something is put in."""
    return await aiohttp_session.get_session(request)


def account_of(session: Mapping[str, Any]) -> str | None:
    """Return the Atlassian account that signed in with this session, if any did."""
    return session.get(ACCOUNT)


def name_of(session: Mapping[str, Any]) -> str | None:
    """Return what to call the person who signed in with this session, if anybody did."""
    return session.get(NAME) or session.get(ACCOUNT)


async def renew(request: web.Request, *, account_id: str, name: str = "") -> None:
    """See :meth:`BrowserSessions.renew`; call it at every sign-in.

    *name* is what pages call the person; without one that is the account id.
    """
    await request.config_dict[_SESSIONS].renew(request, account_id, name)


async def end(request: web.Request, response: web.StreamResponse) -> None:
    """See :meth:`BrowserSessions.end`; *response* is what the log-out answers."""
    await request.config_dict[_SESSIONS].end(request, response)


def csrf_token(session: aiohttp_session.Session, purpose: str, subject: str = "") -> str:
    """Return the token of a form: good for this session, *purpose* and *subject* alone.

    *subject* is what the form is about, for example the id of a sign-in under way.
    """
    key: str | None = session.get(_CSRF_KEY)
    if key is None:
        key = session[_CSRF_KEY] = secrets.token_urlsafe(32)
    message = f"{len(purpose)}:{purpose}{subject}".encode()
    return hmac.new(key.encode(), message, sha256).hexdigest()


def csrf_matches(
    session: aiohttp_session.Session, token: str, purpose: str, subject: str = ""
) -> bool:
    """Tell whether *token* is this form's, in constant time; without a key nothing matches."""
    if _CSRF_KEY not in session:
        return False
    return hmac.compare_digest(csrf_token(session, purpose, subject).encode(), token.encode())
