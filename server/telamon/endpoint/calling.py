"""``tools/call``: find the tool, check everything, run it, and turn what comes back into words."""

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic import ValidationError

from telamon.catalog import Catalog
from telamon.clock import Clock
from telamon.endpoint.allowance import Allowance
from telamon.endpoint.asking import NeedsAnswer
from telamon.endpoint.call import RunningCall
from telamon.endpoint.confirming import confirm
from telamon.endpoint.desk import OWN, ApiSource, Desk, GrantSource
from telamon.endpoint.exchange import Context, Exchange, exchange_of
from telamon.endpoint.finding_tools import Another, call_tool
from telamon.endpoint.kernel import INVALID_PARAMS, MCPError, types
from telamon.endpoint.results import failed, tool_result, wrong_arguments
from telamon.endpoint.sites import without_site
from telamon.plugin import AnyProduct, InvalidArgument, MissingScope, Tool, ToolCalled, ToolError
from telamon.plugin.events import Announce
from telamon.storage import StorageUnavailable

Answer = types.CallToolResult | types.InputRequiredResult
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Run:
    """One run: which tool in the end, and how it went."""

    name: str
    tool: Tool[Any]
    product: AnyProduct | None
    outcome: str = "ok"
    reason: str | None = None


class Calling:
    """Runs tools."""

    def __init__(
        self,
        catalog: Catalog,
        own: Mapping[str, Tool[Desk]],
        *,
        apis: ApiSource,
        grants: GrantSource,
        allowance: Allowance,
        result_bytes: int,
        announce: Announce,
        clock: Clock,
    ) -> None:
        self._catalog = catalog
        self._own = own
        self._apis = apis
        self._grants = grants
        self._allowance = allowance
        self._result_bytes = result_bytes
        self._announce = announce
        self._clock = clock

    async def call(self, context: Context, params: types.CallToolRequestParams) -> Answer:
        """Answer ``tools/call``.

        Raises:
            MCPError: There is no such tool, or the user has too many calls running.
        """
        exchange = exchange_of(context)
        run = self._find(params.name, exchange)
        async with self._allowance.use(exchange.principal.account_id):
            began = time.perf_counter()
            try:
                return await self._answer(run, context, params)
            except asyncio.CancelledError:
                run.outcome = "cancelled"
                raise
            except MCPError as error:
                run.outcome, run.reason = "protocol_error", str(error.code)
                raise
            finally:
                self._announce_run(run, exchange, time.perf_counter() - began)

    def _find(self, name: str, exchange: Exchange) -> _Run:
        """Return the tool as this connection may call it; what it may not does not exist."""
        offered = self._catalog.tools.get(name)
        found = offered.tool if offered else self._own.get(name)
        product = offered.product if offered else None
        if found is None or not exchange.allows(product.name if product else OWN, found):
            raise MCPError(INVALID_PARAMS, f"Unknown tool: {name[:128]}")
        return _Run(name, found, product)

    async def _answer(
        self, run: _Run, context: Context, params: types.CallToolRequestParams
    ) -> Answer:
        running = RunningCall(context, params, run.name, self._clock)
        try:
            value = await self._run(run, running, exchange_of(context), params.arguments or {})
            result = tool_result(value, self._result_bytes)
        except NeedsAnswer as question:
            return question.result
        except ToolError as error:
            run.outcome, run.reason = "tool_error", type(error).__name__
            result = failed(str(error))
        except MCPError:
            raise
        except Exception as error:  # noqa: BLE001 - a plugin's fault, logged in _sentence
            run.outcome, run.reason = "tool_error", type(error).__name__
            result = failed(_sentence(run, error))
        await running.finish()
        return result

    async def _run(
        self, run: _Run, running: RunningCall, exchange: Exchange, arguments: Mapping[str, Any]
    ) -> object:
        value = await self._call(run, running, exchange, arguments)
        if isinstance(value, Another):
            if value.name == call_tool.name:
                raise InvalidArgument(f"Give another tool's name than {value.name}.")
            inner = self._find(value.name, exchange)
            run.name, run.tool, run.product = inner.name, inner.tool, inner.product
            value = await self._call(run, running, exchange, value.arguments)
        return value

    async def _call(
        self, run: _Run, running: RunningCall, exchange: Exchange, arguments: Mapping[str, Any]
    ) -> object:
        principal = exchange.principal
        if missing := self._catalog.missing(run.tool, principal.scopes):
            sentence = f"{run.name} needs {', '.join(missing)}, which the user did not approve."
            raise MissingScope(sentence, missing)
        desk = Desk(
            principal=principal,
            catalog=self._catalog,
            apis=self._apis,
            grants=self._grants,
            choice=exchange.choice,
        )
        wanted = without_site(arguments, principal.site)
        if run.tool.access == "delete" and principal.policy.confirm_deletes:
            run.tool.arguments.model_validate(wanted)  # nobody is asked about what cannot be done
            await confirm(running.ask_first, run.tool.title, wanted)
        client = desk if run.product is None else desk.connect(run.product, run.tool)
        return await run.tool.call(client, running, wanted)

    def _announce_run(self, run: _Run, exchange: Exchange, seconds: float) -> None:
        principal = exchange.principal
        self._announce(
            ToolCalled(
                tool=run.name,
                product=run.product.name if run.product else OWN,
                access=run.tool.access,
                account_id=principal.account_id,
                client_id=principal.client_id,
                cloud_id=principal.site.cloud_id,
                seconds=seconds,
                outcome=run.outcome,
                reason=run.reason,
            )
        )


def _sentence(run: _Run, error: Exception) -> str:
    if isinstance(error, ValidationError) and error.title == run.tool.arguments.__name__:
        return wrong_arguments(error)
    if isinstance(error, StorageUnavailable):
        return "This server's own database cannot be reached just now; try again in a minute."
    error_id = secrets.token_hex(6)
    log.error("tool.failed", tool=run.name, error_id=error_id, exc_info=error)
    return (
        f"{run.name} failed for a reason that is in the server's log. If it happens again, tell "
        f"the operator this error id: {error_id}."
    )
