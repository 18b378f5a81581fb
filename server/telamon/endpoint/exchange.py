"""What travels with one message through the kernel: on whose behalf, by which connection."""

from dataclasses import dataclass
from typing import Any, Protocol

from telamon.atlassian.principal import Principal
from telamon.endpoint.choice import Choice
from telamon.endpoint.kernel import ServerRequestContext
from telamon.plugin import Json, LogLevel, Tool


class Listener(Protocol):
    """What remembers the log level that ``logging/setLevel`` chose: a session."""

    log_level: LogLevel

    async def choose_log_level(self, level: LogLevel) -> None:
        """Remember another one, wherever the session goes on."""
        ...


@dataclass(kw_only=True, slots=True)
class Exchange:
    """One inbound message.

    ``encoded`` is the answer's result where it is already JSON text; ``honoured`` is what a request
    to listen will hear of.
    """

    principal: Principal
    choice: Choice
    listener: Listener | None = None
    encoded: bytes | None = None
    honoured: Json = None

    def allows(self, product: str, tool: Tool[Any]) -> bool:
        """Tell whether *tool* of *product* exists here; scopes are another question."""
        return self.choice.allows(tool) and self.principal.policy.allows(product, tool)


Context = ServerRequestContext[Any, Exchange]
"""The kernel's request context; ``context.request`` is the :class:`Exchange`."""


def exchange_of(context: Context) -> Exchange:
    """Return the exchange that the transport attached.

    Raises:
        RuntimeError: A transport forgot to; nothing may run without a principal.
    """
    if context.request is None:
        raise RuntimeError("a message reached the kernel without its principal")
    return context.request


def owner_of(principal: Principal) -> str:
    """Return whose sessions and states a principal may use: this user, this client, this site."""
    return f"{principal.account_id}\n{principal.client_id}\n{principal.site.cloud_id}"
