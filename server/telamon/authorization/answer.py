"""The answer to the client: a code or an error, at its redirect URI, with exactly one ``iss``."""

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from urllib.parse import quote, unquote_plus

from aiohttp import web

from telamon.addresses import Addresses
from telamon.authorization.clients import ClientDirectory
from telamon.authorization.documents import DocumentRefused, DocumentUnavailable
from telamon.authorization.endings import Endings
from telamon.authorization.progress import Asked, Progress
from telamon.authorization.redirects import RedirectRules
from telamon.authorization.request import print_of
from telamon.clock import Clock
from telamon.plugin import CodeIssued, Site
from telamon.plugin.events import Announce
from telamon.settings import TokenSettings
from telamon.storage import Code, Family, Storage
from telamon.storage.credentials import new_secret
from telamon.web.answers import visible
from telamon.web.pages import Pages

MOST_FAMILIES = 10
"""Of one user and client; a client that signs in again and again ends its own oldest ones."""
_OURS = frozenset({"code", "state", "iss", "error", "error_description", "error_uri"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """Makes codes, and sends browsers back to clients."""

    storage: Storage
    directory: ClientDirectory
    rules: RedirectRules
    endings: Endings
    addresses: Addresses
    settings: TokenSettings
    pages: Pages
    announce: Announce
    clock: Clock

    async def still_good(self, asked: Asked) -> bool:
        """Tell whether the client is still the one that the person was shown."""
        try:
            client = await self.directory.find(asked.client_id)
        except (DocumentRefused, DocumentUnavailable):
            return False
        return (
            client is not None
            and print_of(client) == asked.client_print
            and self.rules.match(client.redirect_uris, asked.redirect_uri) is not None
        )

    async def issue(self, asked: Asked, progress: Progress, site: Site) -> str:
        """Make a code and its token family; return where the browser takes it."""
        if progress.account is None:
            raise RuntimeError("a code needs an account")
        now = self.clock()
        account_id = progress.account.account_id
        family = Family(
            id=token_hex(16),
            client_id=asked.client_id,
            account_id=account_id,
            grant_id=await self._grant(account_id, site) or progress.grant_id,
            cloud_id=site.cloud_id,
            site_url=site.url,
            site_name=site.name,
            scopes=progress.scopes,
            resource=self.addresses.mcp,
            created_at=now,
            last_used_at=now,
            expires_at=now + self.settings.refresh_absolute_seconds,
        )
        code = new_secret("code")
        await self.storage.clients.mark_used(asked.client_id, now, authorised=True)
        await self.storage.tokens.add_code(
            code,
            Code(
                family=family,
                redirect_uri=asked.redirect_uri,
                redirect_uri_given=asked.redirect_uri_given,
                code_challenge=asked.code_challenge,
                scopes=asked.scopes,
                expires_at=now + self.settings.code_seconds,
            ),
        )
        self.announce(
            CodeIssued(
                account_id=account_id,
                client_id=asked.client_id,
                family_id=family.id,
                cloud_id=site.cloud_id,
                scopes=progress.scopes,
            )
        )
        for older in await self.storage.tokens.keep_newest(
            account_id, asked.client_id, MOST_FAMILIES, now
        ):
            self.endings.tell(older, "superseded")
        return self.location(asked.redirect_uri, asked.state, {"code": code})

    async def _grant(self, account_id: str, site: Site) -> str | None:
        """Return the account's newest grant for *site*: another sign-in may have overtaken this."""
        for grant in await self.storage.grants.of_account(account_id):
            reaches = any(each.cloud_id == site.cloud_id for each in grant.sites)
            if reaches and grant.state == "active":
                return grant.id
        return None

    def error(self, asked: Asked, error: str, description: str) -> str:
        """Return where the browser takes an error."""
        said = {"error": error, "error_description": visible(description)}
        return self.location(asked.redirect_uri, asked.state, said)

    def location(self, redirect_uri: str, state: str | None, said: Mapping[str, str]) -> str:
        """Return *redirect_uri* with the answer in its query.

        What the query held stays, but for members that have a meaning here: a client must find
        one ``iss`` alone (RFC 9207, section 2.4). *state* is percent-encoded already.
        """
        address, _, query = redirect_uri.partition("?")
        kept = [p for p in query.split("&") if p and unquote_plus(p.partition("=")[0]) not in _OURS]
        added = [f"{name}={quote(value, safe='')}" for name, value in said.items()]
        if state is not None:
            added.append(f"state={state}")
        added.append(f"iss={quote(self.addresses.issuer, safe='')}")
        return f"{address}?{'&'.join([*kept, *added])}"

    def leave(self, redirect_uri: str, location: str, *, approved: bool) -> web.Response:
        """Send the browser to the client.

        Another program opens a private-use scheme while the browser stays where it is: so it is
        shown a page that says so, and leaves from there.
        """
        redirect = self.rules.read(redirect_uri)
        if redirect.kind != "private":
            return redirection(303, location)
        page = self.pages.page("signed_in", approved=approved, location=location)
        page.headers["Refresh"] = f"0; url={location}"
        return page


def redirection(status: int, location: str) -> web.Response:
    """Redirect to *location* exactly as it is; 303 after a form, so that no body is sent on."""
    return web.Response(status=status, headers={"Location": location, "Cache-Control": "no-store"})
