"""The server's own tools: who and where the user is, and one search and one fetch for everything.

They are declared like a plugin's, with the :class:`Desk` as their client, and need no scope of
their own: what they reach is limited by the scopes of the products they ask.
"""

import asyncio
from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Annotated, Any
from urllib.parse import urlsplit

import structlog
from pydantic import Field

from telamon.endpoint.desk import Desk
from telamon.endpoint.finding_tools import call_tool, find_tools
from telamon.endpoint.sites import host_of, names_site
from telamon.plugin import (
    AnyProduct,
    Ari,
    Hit,
    InvalidArgument,
    MissingScope,
    Search,
    SignInAgain,
    Tool,
    ToolError,
    tool,
)
from telamon.storage import Unsealable

log = structlog.get_logger(__name__)


@tool(access="read", group="account", title="Get current user information")
async def atlassian_user_info(desk: Desk) -> dict[str, Any]:
    """Tell who the signed-in user is: account id, name, e-mail address, and the site."""
    principal = desk.principal
    try:
        grant = await desk.grants.get(principal.grant_id)
    except Unsealable:
        grant = None
    if grant is None:
        raise SignInAgain("This sign-in has ended. Ask the user to connect to the server again.")
    return {
        "accountId": principal.account_id,
        "name": grant.name,
        "email": grant.email,
        "site": principal.site.url,
    }


@tool(access="read", group="account", title="List accessible resources")
async def get_accessible_atlassian_resources(desk: Desk) -> list[dict[str, Any]]:
    """Tell which site this connection is for, and which scopes it has. Never needed first."""
    site = desk.principal.site
    return [
        {
            "id": site.cloud_id,
            "url": site.url,
            "name": site.name,
            "scopes": sorted(desk.principal.scopes),
        }
    ]


@tool(access="read", group="search", title="Search Jira and Confluence")
async def search(
    desk: Desk,
    *,
    query: Annotated[str, Field(min_length=1, max_length=1000)],
    limit: Annotated[int, Field(ge=1, le=50)] = 20,
) -> dict[str, Any]:
    """Find anything by words, in every product at once; fetch reads a result.

    For an exact question search with JQL or CQL instead.
    """
    asked: list[tuple[AnyProduct, Search[Any]]] = []
    problems: dict[str, str] = {}
    for product in desk.catalog.products.values():
        if product.search is None or not desk.offers(product, product.search):
            continue
        if missing := desk.missing(product.search):
            problems[product.name] = _lacks(missing)
        else:
            asked.append((product, product.search))
    found = await asyncio.gather(
        *(_hits(desk, product, offer, query, limit) for product, offer in asked)
    )
    lists: list[Sequence[Hit]] = []
    for (product, _), outcome in zip(asked, found, strict=True):
        if isinstance(outcome, str):
            problems[product.name] = outcome
        else:
            lists.append(outcome)
    if problems and not lists:
        raise ToolError(" ".join(f"{name}: {said}" for name, said in problems.items()))
    merged = [hit for hit in chain.from_iterable(zip_longest(*lists)) if hit is not None]
    return {"results": merged[:limit], "notSearched": problems or None}


async def _hits(
    desk: Desk, product: AnyProduct, offer: Search[Any], query: str, limit: int
) -> Sequence[Hit] | str:
    """Ask one product; what it cannot say must not hide what the others found."""
    try:
        return await offer.run(desk.connect(product, offer), query, limit)
    except ToolError as error:
        return str(error)
    except Exception:
        # A fault of one product's must not take the others' results away; it is logged here.
        log.exception("search.failed", product=product.name)
        return "It failed for a reason that is in the server's log."


@tool(access="read", group="search", title="Fetch content by ARI or URL")
async def fetch(
    desk: Desk,
    *,
    id_: Annotated[
        str,
        Field(
            alias="id",
            min_length=1,
            max_length=2000,
            description="An ARI (ari:cloud:...) or a browser address",
        ),
    ],
) -> object:
    """Read one item that search found, or that somebody gave a link to."""
    reference = _reference(id_.strip(), desk)
    for product in desk.catalog.products.values():
        offer = product.fetch
        if offer is None or not offer.claims(reference):
            continue
        if not desk.offers(product, offer):
            continue
        if missing := desk.missing(offer):
            raise MissingScope(_lacks(missing), missing)
        return await offer.run(desk.connect(product, offer), reference)
    raise InvalidArgument(
        "Nothing here can read that. Give an ARI from search, or the browser address of an item."
    )


def _reference(text: str, desk: Desk) -> Ari | str:
    """Return the ARI, or the path and query of an address on the token's own site."""
    site = desk.principal.site
    if text.lower().startswith("ari:"):
        parts = text.split(":", 4)
        kind, slash, id_ = parts[-1].partition("/")
        if len(parts) != 5 or parts[1] != "cloud" or not (slash and kind and id_):
            raise InvalidArgument("An ARI looks like ari:cloud:<product>:<cloud id>:<type>/<id>.")
        if parts[3] and not names_site(parts[3], site):
            raise InvalidArgument(f"That is on another site than {host_of(site)}.")
        return Ari(product=parts[2], cloud_id=site.cloud_id, kind=kind, id=id_)
    if not names_site(text, site):
        raise InvalidArgument(f"That is not an ARI, and not an address on {host_of(site)}.")
    url = urlsplit(text)
    path = url.path or "/"
    return f"{path}?{url.query}" if url.query else path


def _lacks(missing: Sequence[str]) -> str:
    return (
        f"This connection lacks {', '.join(missing)}. Ask the user to connect again and to "
        "approve it."
    )


OWN_TOOLS: tuple[Tool[Desk], ...] = (
    atlassian_user_info,
    get_accessible_atlassian_resources,
    search,
    fetch,
    find_tools,
    call_tool,
)
