"""What a client says about itself, read once for registration and for metadata documents.

authlib checks what RFC 7591 says of each member; this adds types, lengths and our redirect rules.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from authlib.oauth2.rfc7591 import ClientMetadataClaims  # type: ignore[import-untyped]  # no types
from joserfc.errors import JoseError

from telamon.authorization.metadata import GRANT_TYPES, RESPONSE_TYPES
from telamon.authorization.redirects import BadRedirect, RedirectRules
from telamon.storage import AuthMethod

LONGEST_NAME = 120
MOST_REDIRECTS = 10
_LONGEST_VALUE = 2048
_TEXTS = frozenset(
    {"client_name", "client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri", "scope"}
    | {"software_id", "software_version", "application_type", "token_endpoint_auth_method"}
)
_PAGES = ("client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri")
_LISTS = ("redirect_uris", "grant_types", "response_types", "contacts")
_PRIVATE_KEY_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*|")
_LONGEST_NAME, _LONGEST_LABEL = 253, 63
"""Of a name in the DNS (RFC 1035, section 2.3.4; as text without its last dot)."""
_PUBLIC_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])")
_INTERNAL = ("localhost", "local", "internal", "home", "lan", "intranet", "arpa")


class BadMetadata(ValueError):
    """RFC 7591, section 3.2.2: ``error`` is the code, the text says why and may be shown."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientMetadata:
    """Checked metadata; ``echo`` is all of it as it counts here."""

    name: str
    redirect_uris: tuple[str, ...]
    auth_method: AuthMethod
    echo: Mapping[str, Any]


def read_metadata(
    said: object, rules: RedirectRules, auth_methods: Sequence[str]
) -> ClientMetadata:
    """Read client metadata (RFC 7591, section 2); members that nobody knows are ignored.

    Without ``token_endpoint_auth_method`` the client is public: every client that was tried then
    works, and none of them wanted the secret that the RFC's default would mean.

    Raises:
        BadMetadata: Something in it cannot be accepted.
    """
    if not isinstance(said, dict):
        raise _bad("the client metadata is not a JSON object")
    fields = cast("dict[str, Any]", said)
    # Some clients write null, or an empty page, where they mean nothing.
    names = (*_TEXTS, *_LISTS, "jwks")
    known = {name: fields[name] for name in names if fields.get(name) is not None}
    known = {name: value for name, value in known.items() if value or name not in _PAGES}
    _check_types(known)
    method = known.setdefault("token_endpoint_auth_method", "none")
    known["redirect_uris"] = _redirects(known, rules)
    known["grant_types"] = _chosen(known, "grant_types", GRANT_TYPES)
    known["response_types"] = _chosen(known, "response_types", RESPONSE_TYPES)
    known["client_name"] = clean_name(known.get("client_name", ""))
    for page in _PAGES:
        if page in known and not _is_public_page(known[page]):
            raise _bad(f"{page} must be an https address on a public host")
    if not _SCOPE.fullmatch(known.get("scope", "")):
        raise _bad("scope is not a list of scope names")
    _check_keys(known.get("jwks"))
    _check_claims(known, auth_methods)
    return ClientMetadata(
        name=known["client_name"],
        redirect_uris=tuple(known["redirect_uris"]),
        auth_method=cast("AuthMethod", method),
        echo=known,
    )


def clean_name(name: str) -> str:
    """Return *name* as a person may be shown it: no control, bidirectional or invisible characters.

    At most ``LONGEST_NAME`` characters, compatibility forms folded so that look-alikes are fewer.
    """
    folded = unicodedata.normalize("NFKC", name[: LONGEST_NAME * 4])
    spaced = (" " if c.isspace() else c for c in folded)
    shown = (c for c in spaced if c == " " or unicodedata.category(c)[0] not in "CZ")
    return " ".join("".join(shown).split())[:LONGEST_NAME].rstrip()


def _bad(description: str) -> BadMetadata:
    return BadMetadata("invalid_client_metadata", description)


def _check_types(known: Mapping[str, Any]) -> None:
    for name, value in known.items():
        if name in _TEXTS and not isinstance(value, str):
            raise _bad(f"{name} must be a string")
        if name in _TEXTS and name not in ("client_name", "scope") and len(value) > _LONGEST_VALUE:
            raise _bad(f"{name} is too long")
        if name in _LISTS and not (
            isinstance(value, list)
            and all(isinstance(item, str) for item in cast("list[object]", value))
        ):
            error = "invalid_redirect_uri" if name == "redirect_uris" else "invalid_client_metadata"
            raise BadMetadata(error, f"{name} must be a list of strings")


def _redirects(known: Mapping[str, Any], rules: RedirectRules) -> list[str]:
    said: list[str] = known.get("redirect_uris", [])
    if len(said) > MOST_REDIRECTS:
        raise BadMetadata("invalid_redirect_uri", f"at most {MOST_REDIRECTS} redirect URIs")
    try:
        usable = rules.usable(said)
    except BadRedirect as error:
        raise BadMetadata("invalid_redirect_uri", str(error)) from error
    if known.get("application_type") == "web" and any(r.kind != "https" for r in usable):
        raise BadMetadata(
            "invalid_redirect_uri", "a client of application_type web redirects to https alone"
        )
    return list(dict.fromkeys(redirect.uri for redirect in usable))


def _chosen(known: Mapping[str, Any], name: str, offered: Sequence[str]) -> list[str]:
    """Return what is offered of what was asked for; the first on offer is indispensable."""
    asked: list[str] = known.get(name, list(offered))
    if offered[0] not in asked:
        raise _bad(f"{name} must include {offered[0]}")
    return [each for each in offered if each in asked]


def _is_public_page(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    return (
        parts.scheme == "https"
        and url.isascii()
        and url.isprintable()
        and not set(url) & set(" \"'<>\\`")
        and parts.username is None
        and port != 0
        and is_public_host(host)
    )


def is_public_host(host: str) -> bool:
    """Tell whether *host* is written like a name of the public DNS: no address, no inside name."""
    labels = host.split(".")
    return (
        len(host) <= _LONGEST_NAME
        and max(map(len, labels)) <= _LONGEST_LABEL
        and bool(_PUBLIC_HOST.fullmatch(host))
        and labels[-1] not in _INTERNAL
    )


def _check_keys(jwks: object) -> None:
    if jwks is None:
        return
    keys: object = cast("dict[str, Any]", jwks).get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list):
        raise _bad("jwks must be a JSON Web Key Set")
    for key in cast("list[object]", keys):
        if not isinstance(key, dict) or _PRIVATE_KEY_MEMBERS & cast("dict[str, Any]", key).keys():
            raise _bad("jwks must hold public keys alone")


def _check_claims(known: Mapping[str, Any], auth_methods: Sequence[str]) -> None:
    options = cast(
        "Any",
        ClientMetadataClaims.get_claims_options(  # pyright: ignore[reportUnknownMemberType]  # no types
            {"token_endpoint_auth_methods_supported": list(auth_methods)}
        ),
    )
    claims = ClientMetadataClaims(
        # Private-use schemes are ours to judge; authlib knows web addresses.
        {name: value for name, value in known.items() if name != "redirect_uris"},
        {},
        options,
        {},
    )
    try:
        claims.validate()
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _bad(f"the client metadata is not acceptable: {_culprit(error)}") from error


def _culprit(error: Exception) -> str:
    claim: object = getattr(error, "claim", None)
    return claim if isinstance(claim, str) else "jwks"
