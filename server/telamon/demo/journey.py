"""The whole way as a client, over HTTP: what ``telamon demo --check`` walks and prints."""

import asyncio
import base64
import hashlib
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp

from telamon.demo.browser import Browser, Form, Page
from telamon.demo.clients import Caller, SessionClient, StatelessClient, sse_client

REDIRECT = "http://localhost:3334/oauth/callback"
ISSUE = "DEMO-1"
REVOKED_WITHIN = 2.0
"""Seconds; every replica looks a token up again after one."""

Say = Callable[[str, str], None]
"""Called with a step's name and what came of it."""


class JourneyFailed(Exception):
    """A step did not give what it must; the text says which and what came instead."""


@dataclass(kw_only=True)
class Journey:
    """One walk against the server at *home* (scheme, host and port)."""

    http: aiohttp.ClientSession
    home: str
    say: Say
    person: str = "Ada"
    untick: frozenset[str] = frozenset()
    """Values of checkboxes to clear on the way, e.g. scopes on the consent page."""
    state: dict[str, Any] = field(default_factory=dict[str, Any])

    async def walk(self) -> None:
        """Go every step in order.

        Raises:
            JourneyFailed: At the first step that fails.
        """
        await self.discover()
        await self.register()
        await self.sign_in()
        await self.redeem()
        await self.use_every_transport()
        await self.refresh()
        await self.revoke()

    async def discover(self) -> None:
        """RFC 9728 and RFC 8414, from the 401 to the endpoints."""
        mcp = f"{self.home}/v1/mcp"
        async with self.http.post(mcp, json={}) as answer:
            challenge = answer.headers.get("WWW-Authenticate", "")
            self._expect(answer.status == 401, f"POST {mcp} without a token", answer.status)
        metadata = re.search(r'resource_metadata="([^"]+)"', challenge)
        scope = re.search(r'scope="([^"]+)"', challenge)
        if metadata is None or scope is None:
            raise JourneyFailed(f"the challenge names no metadata or no scope: {challenge}")
        resource = await self._json(metadata[1])
        self._expect(resource["resource"] == mcp, "the resource is the address", resource)
        issuer = resource["authorization_servers"][0]
        server = await self._json(f"{issuer}/.well-known/oauth-authorization-server")
        self._expect(server["issuer"] == issuer, "the issuer is the one asked", server["issuer"])
        self.state |= {"server": server, "scope": scope[1], "resource": mcp}
        self.say("discover", f"{issuer}, {len(scope[1].split())} scopes")

    async def register(self) -> None:
        """RFC 7591 as a desktop client does it."""
        body = {
            "client_name": "Demo check",
            "redirect_uris": [REDIRECT],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        }
        async with self.http.post(
            self.state["server"]["registration_endpoint"], json=body
        ) as answer:
            made = await answer.json()
            self._expect(answer.status == 201, "registration", made)
        self.state["client_id"] = made["client_id"]
        self.say("register", made["client_id"])

    def authorize_url(self) -> tuple[str, str, str]:
        """Return a fresh authorization request: its address, its state, its PKCE verifier."""
        verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.state["client_id"],
            "redirect_uri": REDIRECT,
            "scope": self.state["scope"],
            "state": secrets.token_urlsafe(12),
            "resource": self.state["resource"],
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        url = f"{self.state['server']['authorization_endpoint']}?{urlencode(asked)}"
        return url, asked["state"], verifier

    async def sign_in(self) -> None:
        """Our consent page, the log-in at Atlassian, the site, and the way back."""
        browser = Browser(self.http, self.home)
        url, state, verifier = self.authorize_url()
        page = await browser.open(url)
        self._expect("Demo check" in page.text, "the consent page names the client", page.status)
        self.say("consent", "our page, before Atlassian's")
        page = await self._click_through(browser, page)
        answer = {name: values[0] for name, values in parse_qs(_query(page.location)).items()}
        self._expect(answer.get("state") == state, "the state comes back", answer)
        self._expect(answer.get("iss") == self.home, "iss names the issuer", answer)
        self._expect("code" in answer, "a code comes back", answer)
        self.state |= {"code": answer["code"], "verifier": verifier}
        self.say("sign in", f"{self.person} approved; the code went to {REDIRECT}")

    async def _click_through(self, browser: Browser, page: Page) -> Page:
        for _ in range(6):
            if page.location is not None:
                return page
            form = next((f for f in page.forms if f.method == "POST"), None)
            if form is None:
                raise JourneyFailed(f"HTTP {page.status} at {page.url}: a page without a form")
            form.fields = [each for each in form.fields if each[1] not in self.untick]
            page = await browser.submit(page, form, **self._choices(form))
        raise JourneyFailed(f"the sign-in does not end; it is at {page.url}")

    def _choices(self, form: Form) -> Mapping[str, str]:
        """Choose this person, say yes, and leave everything else as it stands."""
        return form.labelled(self.person) | form.agreed()

    async def redeem(self) -> None:
        """The code for a token pair (RFC 6749, section 4.1.3; RFC 7636)."""
        pair = await self._token(
            grant_type="authorization_code",
            code=self.state["code"],
            redirect_uri=REDIRECT,
            code_verifier=self.state["verifier"],
        )
        self.state["pair"] = pair
        self.say("token", f"expires in {pair['expires_in']} s")

    async def use_every_transport(self) -> None:
        """List the tools and read an issue on each of the three transports."""
        token, mcp = self.state["pair"]["access_token"], self.state["resource"]
        await self._use("2026-07-28", StatelessClient(self.http, mcp, token))
        session = SessionClient(self.http, mcp, token)
        agreed = await session.open()
        await self._use(agreed, session)
        status = await session.close()
        self._expect(status in {200, 204}, "the session can be ended", status)
        async with sse_client(self.http, f"{self.home}/v1/sse", token) as client:
            await self._use("2024-11-05", client)

    async def _use(self, revision: str, client: Caller) -> None:
        tools = (await client.call("tools/list"))["tools"]
        called = await client.call(
            "tools/call", {"name": "getJiraIssue", "arguments": {"issueIdOrKey": ISSUE}}
        )
        text = called["content"][0]["text"]
        self._expect(not called.get("isError") and ISSUE in text, "getJiraIssue", text)
        self.say(f"tools {revision}", f"{len(tools)} tools; {ISSUE} read, {len(text)} characters")

    async def refresh(self) -> None:
        """A new pair for the refresh token (RFC 6749, section 6), and use it."""
        pair = await self._token(
            grant_type="refresh_token", refresh_token=self.state["pair"]["refresh_token"]
        )
        rotated = pair["refresh_token"] != self.state["pair"]["refresh_token"]
        self._expect(rotated, "the refresh token rotates", "the same one came back")
        self.state["pair"] = pair
        client = StatelessClient(self.http, self.state["resource"], pair["access_token"])
        await client.call("tools/list")
        self.say("refresh", "rotated, and the new token works")

    async def revoke(self) -> None:
        """RFC 7009: afterwards the access token is worth nothing."""
        body = {
            "token": self.state["pair"]["refresh_token"],
            "client_id": self.state["client_id"],
        }
        async with self.http.post(self.state["server"]["revocation_endpoint"], data=body) as answer:
            self._expect(answer.status == 200, "revocation", answer.status)
        headers = {"Authorization": f"Bearer {self.state['pair']['access_token']}"}
        began, status = time.monotonic(), 0
        while status != 401 and time.monotonic() - began < REVOKED_WITHIN:
            async with self.http.post(self.state["resource"], json={}, headers=headers) as answer:
                status = answer.status
            await asyncio.sleep(0.05)
        self._expect(status == 401, "a revoked token is refused", status)
        self.say("revoke", "the tokens are dead")

    async def _token(self, **fields: str) -> dict[str, Any]:
        body = {**fields, "client_id": self.state["client_id"], "resource": self.state["resource"]}
        async with self.http.post(self.state["server"]["token_endpoint"], data=body) as answer:
            pair: dict[str, Any] = await answer.json()
            self._expect(answer.status == 200, "the token endpoint", pair)
        return pair

    async def _json(self, url: str) -> Any:
        async with self.http.get(url) as answer:
            self._expect(answer.status == 200, f"GET {url}", answer.status)
            return await answer.json()

    @staticmethod
    def _expect(holds: object, step: str, found: object) -> None:
        if not holds:
            raise JourneyFailed(f"{step}: {str(found)[:300]}")


def _query(url: str | None) -> str:
    return urlsplit(url or "").query
