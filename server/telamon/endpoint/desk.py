"""What one principal can reach: the client of each product, and of the server's own tools."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Protocol

from telamon.atlassian.principal import Principal
from telamon.catalog import Catalog, OfferedTool
from telamon.endpoint.choice import Choice
from telamon.plugin import AnyProduct, Api
from telamon.plugin.scopes import NeedsScopes
from telamon.storage import Grant

OWN = "telamon"
"""The name under which the server's own tools are logged, listed and limited."""


class ApiSource(Protocol):
    """Makes an :class:`telamon.plugin.Api`: the gateway."""

    def api(self, principal: Principal, product: AnyProduct, *, needs: Collection[str] = ()) -> Api:
        """Bind *product* to *principal*; *needs* are the scopes of what will run."""
        ...


class GrantSource(Protocol):
    """Knows the person behind a grant: the storage."""

    async def get(self, grant_id: str, /) -> Grant | None:
        """Return the grant."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """The client that the server's own tools get, as a product's tools get theirs."""

    principal: Principal
    catalog: Catalog
    apis: ApiSource
    grants: GrantSource
    choice: Choice = field(default_factory=Choice)

    def allows(self, offered: OfferedTool) -> bool:
        """Tell whether a product's tool exists for this principal on this connection."""
        policy = self.principal.policy
        return self.choice.allows(offered.tool) and policy.allows(
            offered.product.name, offered.tool
        )

    def offers(self, product: AnyProduct, offer: NeedsScopes) -> bool:
        """Tell whether a product's search or fetch exists for this principal."""
        return self.principal.policy.offers(product.name, offer)

    def connect(self, product: AnyProduct, needs: NeedsScopes) -> Any:
        """Return the client of *product* for this principal."""
        names = [scope.name for scope in needs.scopes]
        api = self.apis.api(self.principal, product, needs=names)
        return product.connect(api, self.catalog.settings[product.name])

    def missing(self, needs: NeedsScopes) -> tuple[str, ...]:
        """Return the scopes that *needs* has and this principal lacks."""
        return self.catalog.missing(needs, self.principal.scopes)
