"""``tools/list``: what this token may use, encoded once for each set of scopes."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from telamon.catalog import Catalog
from telamon.endpoint.desk import OWN, Desk
from telamon.endpoint.exchange import Context, Exchange, exchange_of
from telamon.endpoint.finding_tools import call_tool, find_tools
from telamon.endpoint.kernel import (
    INVALID_PARAMS,
    MODERN_PROTOCOL_VERSIONS,
    CallNext,
    HandlerResult,
    MCPError,
    types,
    validate_client_request,
)
from telamon.endpoint.sites import with_site
from telamon.plugin import Tool
from telamon.web.answers import encode_json

_MOST_ENCODED = 256
_LIST = "tools/list"
_DISCLOSING = frozenset({find_tools.name, call_tool.name})
_OPEN_GROUPS = frozenset({"search", "tools"})
"""Groups of our own tools that give back, or act on, what other people wrote."""


class Listing:
    """Lists the tools in a stable order: the server's own first, then by name."""

    def __init__(self, catalog: Catalog, own: Mapping[str, Tool[Desk]]) -> None:
        self._catalog = catalog
        self._own = own
        self._schemas = {
            name: with_site(offered.tool.schema) for name, offered in catalog.tools.items()
        } | {name: dict(each.schema) for name, each in own.items()}
        self._described = {
            name: _describe(offered.tool, self._schemas[name], open_world=True)
            for name, offered in catalog.tools.items()
        } | {
            name: _describe(each, self._schemas[name], open_world=each.group in _OPEN_GROUPS)
            for name, each in own.items()
        }

    def schema(self, name: str) -> Mapping[str, Any] | None:
        """Return the input schema of a tool."""
        return self._schemas.get(name)

    async def tools(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """Answer ``tools/list`` on one page; a tool whose scopes are missing is not on it."""
        refuse_cursor(params)
        exchange = exchange_of(context)
        names = self._names(exchange)
        return types.ListToolsResult(tools=[self._described[name] for name in names])

    def _names(self, exchange: Exchange) -> list[str]:
        scopes, choice = exchange.principal.scopes, exchange.choice
        usable = [
            offered
            for offered in self._catalog.tools.values()
            if exchange.allows(offered.product.name, offered.tool)
            and not self._catalog.missing(offered.tool, scopes)
        ]
        listed = [o.tool.name for o in usable if choice.lists(o.product.name, o.tool)]
        disclosing = len(listed) < len(usable) and exchange.allows(OWN, call_tool)
        own = [
            name
            for name, each in self._own.items()
            if exchange.allows(OWN, each) and (name not in _DISCLOSING or disclosing)
        ]
        return [*own, *listed]


class EncodedListings:
    """Kernel middleware that answers ``tools/list`` with JSON text that was encoded before."""

    def __init__(self) -> None:
        self._encoded: OrderedDict[tuple[object, ...], bytes] = OrderedDict()

    async def __call__(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Let the kernel shape the first listing of its kind; repeat that one afterwards."""
        if ctx.method != _LIST or not _plain(ctx):
            return await call_next(ctx)
        exchange = exchange_of(ctx)
        principal = exchange.principal
        key = (ctx.protocol_version, principal.scopes, principal.policy, exchange.choice)
        if (encoded := self._encoded.get(key)) is None:
            encoded = self._encoded[key] = encode_json(await call_next(ctx))
            if len(self._encoded) > _MOST_ENCODED:
                self._encoded.popitem(last=False)
        else:
            validate_client_request(ctx.method, ctx.protocol_version, ctx.params)
        exchange.encoded = encoded
        return {}


def _plain(ctx: Context) -> bool:
    """Tell whether the listing depends on nothing but the token: no cursor, and not too early."""
    ready = ctx.protocol_version in MODERN_PROTOCOL_VERSIONS or ctx.session.client_params
    return bool(ready) and (ctx.params or {}).get("cursor") is None


def refuse_cursor(params: types.PaginatedRequestParams | None) -> None:
    """Refuse a cursor: every list of ours is one page.

    Raises:
        MCPError: -32602.
    """
    if params is not None and params.cursor is not None:
        raise MCPError(INVALID_PARAMS, "Unknown cursor")


def _describe(each: Tool[Any], schema: dict[str, Any], *, open_world: bool) -> types.Tool:
    """Describe a tool in few bytes; every model reads all of this.

    The title stands where all revisions look for it. What has no meaning for a tool that only reads
    (``destructiveHint``, ``idempotentHint``), and a hint that says what its absence says, are left
    out (MCP, ToolAnnotations).
    """
    reads = each.access == "read"
    return types.Tool(
        name=each.name,
        description=each.description,
        input_schema=schema,
        annotations=types.ToolAnnotations(
            title=each.title,
            read_only_hint=reads,
            destructive_hint=None if reads else each.destructive,
            idempotent_hint=None if reads else each.idempotent,
            open_world_hint=None if open_world else False,
        ),
    )
