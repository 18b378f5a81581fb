"""A person with a browser, in as much as a sign-in needs one: pages, forms, cookies, redirects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import aiohttp

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_STEPS = 10
AGREEMENT = frozenset({"approve", "accept"})


@dataclass(slots=True)
class Form:
    """One form of a page: the values a browser would send, before anybody changes them."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    choices: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Every value offered by a button, a radio or a checkbox, by name."""
    labels: dict[str, str] = field(default_factory=dict[str, str])
    """What the label around a radio or a checkbox says, by value."""

    def agreed(self) -> dict[str, str]:
        """Return the button that says yes, if there is one."""
        yes = [value for value in self.choices.get("decision", []) if value in AGREEMENT]
        return {"decision": yes[0]} if yes else {}

    def labelled(self, text: str) -> dict[str, str]:
        """Return the choices whose label has *text* in it, whatever its case."""
        return {
            name: value
            for name, values in self.choices.items()
            for value in values
            if text.lower() in self.labels.get(value, "").lower()
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Where the browser has come to. ``location`` is set when it would leave the known hosts."""

    url: str
    status: int
    text: str
    forms: tuple[Form, ...]
    headers: Mapping[str, str]
    location: str | None = None


class Browser:
    """Follows redirects within *home* and stops in front of any other address."""

    def __init__(self, http: aiohttp.ClientSession, home: str) -> None:
        self._http = http
        self._home = home

    async def open(self, url: str) -> Page:
        """Go to *url* as somebody who follows a link."""
        return await self._go("GET", url, None)

    async def submit(self, page: Page, form: Form, **changes: str | None) -> Page:
        """Send *form*; a change replaces a field's values, ``None`` leaves the field out."""
        fields = [(name, value) for name, value in form.fields if name not in changes]
        fields += [(name, value) for name, value in changes.items() if value is not None]
        return await self._go(form.method, urljoin(page.url, form.action), fields, page.url)

    async def _go(
        self, method: str, url: str, fields: list[tuple[str, str]] | None, origin: str | None = None
    ) -> Page:
        for _ in range(MOST_STEPS):
            headers = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
            if method == "POST":
                headers |= {"Origin": self._home, "Sec-Fetch-Site": "same-origin"}
            async with self._http.request(
                method,
                url,
                data=fields if method == "POST" else None,
                params=fields if method == "GET" and fields else None,
                headers=headers,
                allow_redirects=False,
            ) as answer:
                text = await answer.text()
                location = answer.headers.get("Location")
                if answer.status not in REDIRECTS or location is None:
                    forms = _Forms.of(text)
                    return Page(
                        url=url,
                        status=answer.status,
                        text=text,
                        forms=forms,
                        headers=dict(answer.headers),
                    )
                target = urljoin(url, location)
                if not target.startswith(f"{self._home}/"):
                    return Page(
                        url=url,
                        status=answer.status,
                        text=text,
                        forms=(),
                        headers=dict(answer.headers),
                        location=target,
                    )
                method, url, fields = "GET", target, None
        raise RuntimeError(f"more than {MOST_STEPS} redirects, from {origin or url}")


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open: Form | None = None
        self._labelled: str | None = None

    @classmethod
    def of(cls, text: str) -> tuple[Form, ...]:
        parser = cls()
        parser.feed(text)
        return tuple(parser.found)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            method = (given.get("method") or "get").upper()
            self._open = Form(action=given.get("action") or "", method=method)
            self.found.append(self._open)
        elif self._open is not None and tag in {"input", "button"} and given.get("name"):
            self._field(self._open, tag, given)
            if given.get("type") in {"radio", "checkbox"}:
                self._labelled = given.get("value") or "on"

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "label":
            self._labelled = None

    def handle_data(self, data: str) -> None:
        if self._open is not None and self._labelled is not None:
            said = self._open.labels.get(self._labelled, "")
            self._open.labels[self._labelled] = f"{said} {data.strip()}".strip()

    @staticmethod
    def _field(form: Form, tag: str, given: Mapping[str, str | None]) -> None:
        name, value = given["name"] or "", given.get("value") or ""
        kind = given.get("type") or ("submit" if tag == "button" else "text")
        if kind in {"checkbox", "radio", "submit"}:
            form.choices.setdefault(name, []).append(value or "on")
        if kind == "submit" or (kind in {"checkbox", "radio"} and "checked" not in given):
            return
        form.fields.append((name, value or ("on" if kind == "checkbox" else "")))
