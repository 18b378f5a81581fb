"""What a message needs, told before anything is done for it: the scopes of what it names.

``insufficient_scope`` is an HTTP status, so it has to be known before a stream is opened (D6).
"""

from collections.abc import Mapping
from typing import Any, cast

from aiohttp import web

from telamon.atlassian.principal import Principal
from telamon.catalog import Catalog
from telamon.endpoint.bearer import Bearer
from telamon.endpoint.finding_tools import call_tool
from telamon.endpoint.kernel import JSONRPCMessage, JSONRPCRequest
from telamon.endpoint.wire import Refused
from telamon.plugin.resources import read_arguments
from telamon.plugin.scopes import NeedsScopes


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
        needs = self._needs(message.method, message.params or {})
        if needs is not None and self._catalog.missing(needs, principal.scopes):
            raise Refused(self._challenge(needs, resource))

    def _challenge(self, needs: NeedsScopes, resource: str) -> web.Response:
        names = sorted(scope.name for scope in needs.scopes)
        return self._bearer.lacks_scope(resource, names, "This request")

    def _needs(self, method: str, params: Mapping[str, Any]) -> NeedsScopes | None:
        match method, params:
            case "tools/call", {"name": str(name)}:
                return self._tool(name, params.get("arguments"))
            case "prompts/get", {"name": str(name)}:
                offered = self._catalog.prompts.get(name)
                return offered.prompt if offered else None
            case "resources/read", {"uri": str(uri)}:
                for each in self._catalog.resources:
                    if read_arguments(uri, each.resource.uri_template) is not None:
                        return each.resource
            case _:
                pass
        return None

    def _tool(self, name: str, arguments: Any) -> NeedsScopes | None:
        if name == call_tool.name and isinstance(arguments, dict):
            # What counts is the tool that it will call.
            name = str(cast("dict[str, Any]", arguments).get("name"))
        offered = self._catalog.tools.get(name)
        return offered.tool if offered else None
