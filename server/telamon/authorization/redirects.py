"""Where a code may be sent: one reading of redirect URIs, for registration and for ``/authorize``.

Compared exactly (RFC 9700, section 4.1.3), but for the port of a loopback address (RFC 8252,
section 7.3), whose three spellings stay three different hosts.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from telamon.addresses import LOOPBACK
from telamon.settings import ClientSettings

LONGEST = 2048
NEVER = frozenset(
    {"about", "blob", "data", "file", "filesystem", "ftp", "intent", "javascript", "mailto"}
    | {"vbscript", "view-source", "ws", "wss"}
)
"""Schemes that a browser or the system acts upon itself; no operator can allow them."""

_ALLOWED = re.compile(r"(?:[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
_PARTS = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*):(?://(?P<authority>[^/?]*))?(?P<path>[^?]*)(?P<query>\?.*)?"
)
_AUTHORITY = re.compile(
    r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?"
)


class BadRedirect(ValueError):
    """Not a redirect URI that anybody should use; the text says why and may be shown."""


class UnusableRedirect(BadRedirect):
    """Well formed, but not among what this server's operator allows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Redirect:
    """A redirect URI that was read.

    Attributes:
        uri: As it was given.
        kind: ``https``, ``loopback`` (plain http to the user's own machine) or ``private``
            (a private-use scheme, RFC 8252, section 7.1).
        target: What to show a person: host and port, or the scheme.
        unported: The URI without its port where the port does not count, else ``uri``.
    """

    uri: str
    kind: Literal["https", "loopback", "private"]
    target: str
    unported: str


class RedirectRules:
    """The operator's policy on redirect URIs."""

    def __init__(self, settings: ClientSettings) -> None:
        self._schemes = frozenset(settings.custom_schemes) - NEVER
        self._hosts = frozenset(settings.redirect_hosts)

    def read(self, uri: object) -> Redirect:
        """Return what *uri* is.

        Raises:
            UnusableRedirect: Its scheme or host is not allowed here.
            BadRedirect: Anything else is wrong with it.
        """
        if not isinstance(uri, str) or not 0 < len(uri) <= LONGEST:
            raise BadRedirect(f"a redirect URI is a string of at most {LONGEST} characters")
        parts = _PARTS.fullmatch(uri)
        if parts is None or not _ALLOWED.fullmatch(uri):
            raise BadRedirect(
                "a redirect URI is absolute, begins with its scheme in lower case, and has no "
                "fragment, space, backslash or character that should be percent-encoded"
            )
        _check_path(parts["path"], parts["authority"] or "")
        scheme = parts["scheme"]
        if scheme in ("http", "https"):
            return self._web(parts)
        if scheme in NEVER:
            raise BadRedirect(f"the scheme {scheme} is never a redirect URI's")
        if scheme not in self._schemes:
            raise UnusableRedirect(f"the scheme {scheme} is not allowed on this server")
        return Redirect(uri=uri, kind="private", target=f"{scheme}:", unported=uri)

    def _web(self, parts: re.Match[str]) -> Redirect:
        authority = _AUTHORITY.fullmatch(parts["authority"] or "")
        if authority is None or int(authority["port"] or 1) not in range(1, 65536):
            raise BadRedirect("a redirect URI has a plain host and at most a port behind it")
        uri, host, target = parts.string, authority["host"], authority[0]
        if parts["scheme"] == "http":
            if host not in LOOPBACK:
                raise BadRedirect(
                    "plain http is for localhost, 127.0.0.1 and [::1] alone; use https"
                )
            unported = f"http://{host}{parts['path']}{parts['query'] or ''}"
            return Redirect(uri=uri, kind="loopback", target=target, unported=unported)
        if self._hosts and host.lower() not in self._hosts:
            raise UnusableRedirect(f"the host {host} is not allowed on this server")
        return Redirect(uri=uri, kind="https", target=target, unported=uri)

    def usable(self, uris: Iterable[object]) -> tuple[Redirect, ...]:
        """Return those of *uris* that policy allows, in their order.

        Some clients register a scheme of their own beside an address that every server accepts;
        what is merely not allowed here is left out as long as something remains.

        Raises:
            BadRedirect: One of them is worse than not allowed, or nothing remains.
        """
        usable: list[Redirect] = []
        refused: UnusableRedirect | None = None
        for uri in uris:
            try:
                usable.append(self.read(uri))
            except UnusableRedirect as error:
                refused = error
        if not usable:
            raise refused or BadRedirect("redirect_uris must name at least one redirect URI")
        return tuple(usable)

    def match(self, registered: Iterable[str], used: str) -> Redirect | None:
        """Return *used*, read, if it is one of *registered* and still allowed; else None."""
        try:
            wanted = self.read(used)
        except BadRedirect:
            return None
        return wanted if any(self._same(wanted, uri) for uri in registered) else None

    def _same(self, wanted: Redirect, registered: str) -> bool:
        if wanted.kind != "loopback":
            return wanted.uri == registered
        try:
            return self.read(registered).unported == wanted.unported
        except BadRedirect:
            return False


def _check_path(path: str, authority: str) -> None:
    if "@" in authority:
        raise BadRedirect("a redirect URI names no user")
    if "*" in authority or "*" in path:
        raise BadRedirect("a redirect URI has no wildcard")
    plain = unquote(path, errors="replace")
    if any(segment in (".", "..") for segment in re.split(r"[/\\]", plain)):
        raise BadRedirect("a redirect URI has no dot segments")
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in plain):
        raise BadRedirect("a redirect URI has no control characters, encoded or not")
