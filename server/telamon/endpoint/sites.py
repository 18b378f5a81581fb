"""The optional ``cloudId`` of every tool: any name of the token's own site, and of no other one."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from telamon.plugin import InvalidArgument, Site

ARGUMENT = "cloudId"
SCHEMA = {"type": "string", "description": "Not needed"}
"""A connection has one site. Every listed tool repeats this, so every word counts."""


def with_site(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return *schema* with the optional property added, unless the tool has one of its own."""
    properties = schema.get("properties", {})
    if ARGUMENT in properties:
        return dict(schema)
    return {**schema, "properties": {**properties, ARGUMENT: SCHEMA}}


def without_site(arguments: Mapping[str, Any], site: Site) -> dict[str, Any]:
    """Return *arguments* without ``cloudId``.

    Raises:
        InvalidArgument: It names another site than *site*, before anything is asked of anybody.
    """
    rest = dict(arguments)
    named = rest.pop(ARGUMENT, None)
    if named is not None and not (isinstance(named, str) and names_site(named, site)):
        raise InvalidArgument(
            f"This connection is for the site {host_of(site)} only. Leave cloudId out, or sign in "
            "again and choose the other site."
        )
    return rest


def names_site(text: str, site: Site) -> bool:
    """Tell whether *text* is the id, the host name or a URL of *site*."""
    name = text.strip().lower()
    if name == site.cloud_id.lower():
        return True
    try:
        parts = urlsplit(name if "://" in name else f"https://{name}")
    except ValueError:
        return False
    plain = parts.scheme == "https" and parts.username is None and "\\" not in name
    return plain and parts.netloc == host_of(site)


def host_of(site: Site) -> str:
    """Return the host name of *site*, e.g. ``example.atlassian.net``."""
    return urlsplit(site.url).netloc.lower()
