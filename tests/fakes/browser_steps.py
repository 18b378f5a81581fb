"""A browser without eyes: cookies by origin, forms, one redirect at a time.

Origins are reached at whatever loopback address a test gives, so that a server may believe it is
https://mcp.example.com while it listens on an ephemeral port.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(kw_only=True)
class Form:
    """A form, and the values a browser would send if nobody touched it."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[Mapping[str, str]] = field(default_factory=list)
    offered: dict[str, list[str]] = field(default_factory=dict)
    """Every value of a checkbox or radio, by name."""

    def filled(self, **changes: str | Sequence[str] | None) -> list[tuple[str, str]]:
        """Return the fields with *changes*: a list replaces all values, ``None`` leaves it out."""
        kept = [(name, value) for name, value in self.fields if name not in changes]
        for name, change in changes.items():
            values = [change] if isinstance(change, str) else change or []
            kept += [(name, value) for value in values]
        return kept


@dataclass(kw_only=True)
class Page:
    """What came back."""

    url: str
    status: int
    headers: CIMultiDictProxy[str]
    text: str

    @property
    def location(self) -> str | None:
        said = self.headers.get("Location")
        return None if said is None else urljoin(self.url, said)

    @property
    def answer(self) -> dict[str, str]:
        """The query of where the browser is sent; every name must stand once."""
        found = parse_qs(urlsplit(self.location or "").query, keep_blank_values=True)
        assert all(len(values) == 1 for values in found.values()), found
        return {name: values[0] for name, values in found.items()}

    @property
    def forms(self) -> list[Form]:
        reader = _Forms()
        reader.feed(self.text)
        return reader.found

    @property
    def form(self) -> Form:
        return self.forms[0]

    @property
    def set_cookies(self) -> dict[str, Any]:
        return {
            name: morsel
            for line in self.headers.getall("Set-Cookie", ())
            for name, morsel in SimpleCookie(line).items()
        }


@dataclass(kw_only=True)
class Browser:
    """``reached`` maps an origin to the loopback address where it really is."""

    http: aiohttp.ClientSession
    reached: Mapping[str, str]
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    visited: list[str] = field(default_factory=list)

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Page:
        return await self._send("GET", url, None, headers or {})

    async def post(
        self,
        url: str,
        fields: Sequence[tuple[str, str]],
        headers: Mapping[str, str | None] | None = None,
    ) -> Page:
        """Send a form as a browser does from a page of the same origin without referrer."""
        sent = {"Origin": "null", "Sec-Fetch-Site": "same-origin", **(headers or {})}
        return await self._send("POST", url, fields, sent)

    async def submit(self, page: Page, **changes: Any) -> Page:
        form = page.form
        assert form.method == "POST"
        return await self.post(urljoin(page.url, form.action), form.filled(**changes))

    async def follow(self, page: Page) -> Page:
        """Go where a redirect leads for as long as that is an origin in reach."""
        while page.status in REDIRECTS and page.location and self._origin(page.location):
            page = await self.get(page.location)
        return page

    def _origin(self, url: str) -> str | None:
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        return origin if origin in self.reached else None

    async def _send(
        self,
        method: str,
        url: str,
        fields: Sequence[tuple[str, str]] | None,
        headers: Mapping[str, str | None],
    ) -> Page:
        origin = self._origin(url)
        assert origin is not None, url
        self.visited.append(url)
        jar = self.cookies.setdefault(origin, {})
        sent = {"Host": urlsplit(url).netloc, "Accept": "text/html"}
        if jar:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        if fields is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        sent |= {name: value for name, value in headers.items() if value is not None}
        async with self.http.request(
            method,
            URL(url.replace(origin, self.reached[origin], 1), encoded=True),
            data=None if fields is None else urlencode(fields).encode(),
            headers=sent,
            allow_redirects=False,
        ) as answer:
            page = Page(
                url=url, status=answer.status, headers=answer.headers, text=await answer.text()
            )
        for name, morsel in page.set_cookies.items():
            if morsel["max-age"] == "0":
                jar.pop(name, None)
            else:
                jar[name] = morsel.value
        return page


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            method = given.get("method", "get").upper()
            self._open = Form(action=given.get("action", ""), method=method)
            self.found.append(self._open)
            return
        if self._open is None or tag not in {"input", "button"}:
            return
        name, value, kind = given.get("name", ""), given.get("value", ""), given.get("type", "")
        if kind == "submit":
            self._open.buttons.append(given)
            return
        if kind in {"checkbox", "radio"}:
            self._open.offered.setdefault(name, []).append(value)
        if name and (kind not in {"checkbox", "radio"} or "checked" in given):
            self._open.fields.append((name, value))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
