"""What a message needs, told before anything is done for it: the scopes of what it names.

``insufficient_scope`` is an HTTP status, so it has to be known before a stream is opened (D6).
"""

from collections.abc import Mapping
from typing import Any, cast

from aiohttp import web

from telamon.atlassian.principal import Principal
from telamon.catalog import Catalog
from telamon.endpoint.bearer import Bearer
from telamon.endpoint.desk import OWN
from telamon.endpoint.finding_tools import call_tool
from telamon.endpoint.kernel import JSONRPCMessage, JSONRPCRequest
from telamon.endpoint.wire import Refused
from telamon.plugin import Tool
from telamon.plugin.resources import read_arguments
from telamon.plugin.scopes import NeedsScopes
from telamon.policy import Policy


class Gate:
    """Refuses messages whose scopes the token lacks."""

    def __init__(self, catalog: Catalog, bearer: Bearer) -> None:
        self._catalog = catalog
        self._bearer = bearer

    def pass_(self, message: JSONRPCMessage, principal: Principal, resource: str) -> None:
        """Let *message* pass.

        Raises:
            Refused: 403 ``insufficient_scope``.
        """
        if not isinstance(message, JSONRPCRequest):
            return
        needs = self._needs(message.method, message.params or {}, principal.policy)
        if needs is not None and self._catalog.missing(needs, principal.scopes):
            raise Refused(self._challenge(needs, resource))

    def changes(self, message: JSONRPCRequest, principal: Principal) -> bool:
        """Tell whether *message* calls a tool that may change something."""
        needs = self._needs(message.method, message.params or {}, principal.policy)
        return isinstance(needs, Tool) and needs.access != "read"

    def _challenge(self, needs: NeedsScopes, resource: str) -> web.Response:
        names = sorted(scope.name for scope in needs.scopes)
        return self._bearer.lacks_scope(resource, names, "This request")

    def _needs(self, method: str, params: Mapping[str, Any], policy: Policy) -> NeedsScopes | None:
        """Return what is asked for; what *policy* denies does not exist and needs nothing."""
        match method, params:
            case "tools/call", {"name": str(name)}:
                return self._tool(name, params.get("arguments"), policy)
            case "prompts/get", {"name": str(name)}:
                offered = self._catalog.prompts.get(name)
                if offered and policy.offers(offered.product.name, offered.prompt):
                    return offered.prompt
            case "resources/read", {"uri": str(uri)}:
                for each in self._catalog.resources:
                    names_it = read_arguments(uri, each.resource.uri_template) is not None
                    if names_it and policy.offers(each.product.name, each.resource):
                        return each.resource
            case _:
                pass
        return None

    def _tool(self, name: str, arguments: Any, policy: Policy) -> NeedsScopes | None:
        if name == call_tool.name and isinstance(arguments, dict):
            if not policy.allows(OWN, call_tool):
                return None
            # What counts is the tool that it will call.
            name = str(cast("dict[str, Any]", arguments).get("name"))
        offered = self._catalog.tools.get(name)
        if offered is None or not policy.allows(offered.product.name, offered.tool):
            return None
        return offered.tool
