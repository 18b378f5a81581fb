"""Whom and which sites the operator lets in at all: at a sign-in, and at every refresh after it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from telamon.policy import domain_of
from telamon.settings import AtlassianSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowed:
    """``atlassian.allowed_email_domains`` and ``atlassian.allowed_sites``; empty means any."""

    settings: AtlassianSettings

    def account(self, email: str | None) -> bool:
        """Tell whether an account with this e-mail address may use the server."""
        allowed = self.settings.allowed_email_domains
        return not allowed or domain_of(email) in allowed

    def site(self, url: str) -> bool:
        """Tell whether the site at *url* may be used."""
        allowed = self.settings.allowed_sites
        return not allowed or (urlsplit(url).hostname or "") in allowed
