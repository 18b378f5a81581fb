"""Atlassian's own pages of a sign-in: choose who you are, see what is asked, accept or decline."""

from collections.abc import Callable, Collection, Mapping
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, PackageLoader

from telamon.plugin import World
from telamon.sandbox.grants import Grants
from telamon.sandbox.switches import Board

ASKED = (
    "audience",
    "client_id",
    "scope",
    "redirect_uri",
    "state",
    "response_type",
    "prompt",
    "code_challenge",
    "code_challenge_method",
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


class SignIn:
    """The pages at ``/authorize``; they work without script."""

    def __init__(
        self,
        world: World,
        grants: Grants,
        board: Board,
        *,
        client_id: str,
        known_scopes: Callable[[], Collection[str]],
        callback: str | None,
    ) -> None:
        self._world = world
        self._grants = grants
        self._board = board
        self._client_id = client_id
        self._known_scopes = known_scopes
        self._callback = callback
        self._pages = Environment(loader=PackageLoader("telamon.sandbox", "pages"), autoescape=True)

    async def ask(self, request: web.Request) -> web.Response:
        """Show the page, or Atlassian's error page when the request is not in order."""
        asked = request.query
        if problem := self._problem(asked):
            return self._page("problem.html", status=400, problem=problem)
        if self._board.now.deny_sign_in:
            return _declined(asked)
        return self._page(
            "consent.html",
            people=self._world.people,
            sites=self._world.sites,
            scopes=asked["scope"].split(),
            asked={name: asked[name] for name in ASKED if name in asked},
        )

    async def answer(self, request: web.Request) -> web.Response:
        """Take the form and send the browser back to the app."""
        form = await request.post()
        asked = {name: str(form[name]) for name in ASKED if name in form}
        if problem := self._problem(asked):
            return self._page("problem.html", status=400, problem=problem)
        if form.get("decision") != "accept":
            return _declined(asked)
        people = {person.account_id for person in self._world.people}
        if (account_id := str(form.get("account_id", ""))) not in people:
            return self._page("problem.html", status=400, problem="Choose who you are.")
        sites = {site.cloud_id for site in self._world.sites}
        code = self._grants.consent(
            account_id,
            scopes=asked["scope"].split(),
            cloud_ids=sites & {str(value) for value in form.getall("site", [])},
            redirect_uri=asked["redirect_uri"],
            challenge=asked.get("code_challenge"),
        )
        return _back(asked, code=code)

    def _problem(self, asked: Mapping[str, str]) -> str | None:
        """Say what is wrong; Atlassian shows it here and does not send the browser back."""
        expected = {
            "client_id": self._client_id,
            "response_type": "code",
            "audience": "api.atlassian.com",
            "prompt": "consent",
        }
        scopes = asked.get("scope", "").split()
        unknown = sorted(set(scopes) - set(self._known_scopes()))
        problems = [
            *(
                f"{name} must be {value}"
                for name, value in expected.items()
                if asked.get(name) != value
            ),
            *(
                f"{name} is missing"
                for name in ("state", "redirect_uri", "scope")
                if not asked.get(name)
            ),
            *(f"the app was not given the scope {name}" for name in unknown),
        ]
        # An app has exactly one callback address.
        if self._callback is None and not problems:
            self._callback = asked["redirect_uri"]
        if self._callback not in (None, asked.get("redirect_uri")):
            problems.append("unauthorized_client: Callback URL mismatch")
        if asked.get("code_challenge") and asked.get("code_challenge_method") != "S256":
            problems.append("code_challenge_method must be S256")
        return "; ".join(problems) or None

    def _page(self, name: str, *, status: int = 200, **values: object) -> web.Response:
        return web.Response(
            text=self._pages.get_template(name).render(values),
            content_type="text/html",
            status=status,
            headers=HEADERS,
        )


def _declined(asked: Mapping[str, str]) -> web.Response:
    return _back(
        asked, error="access_denied", error_description="User did not authorize the request"
    )


def _back(asked: Mapping[str, str], **values: str) -> web.Response:
    location = f"{asked['redirect_uri']}?{urlencode({**values, 'state': asked['state']})}"
    return web.Response(status=302, headers={**HEADERS, "Location": location})
