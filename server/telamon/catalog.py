"""What this deployment offers: an immutable index of products, tools and scopes.

Core never names a product's scope; everything about scopes is computed here, by pure functions over
the enabled plugins and the operator's policy.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from telamon.plugin import AnyProduct, Prompt, Resource, Scope, Tool, scopes_needed
from telamon.plugin.scopes import NeedsScopes
from telamon.settings import PolicySettings

ALWAYS_ASKED = ("offline_access", "read:me")
"""Asked of Atlassian in every sign-in: a refresh token, and who the user is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferedTool:
    """A tool and the product it belongs to."""

    product: AnyProduct
    tool: Tool[Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferedResource:
    """A resource template and the product it belongs to."""

    product: AnyProduct
    resource: Resource[Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferedPrompt:
    """A prompt and the product it belongs to."""

    product: AnyProduct
    prompt: Prompt[Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalog:
    """Everything offered, policy applied, in a stable order."""

    products: Mapping[str, AnyProduct]
    settings: Mapping[str, BaseModel]
    tools: Mapping[str, OfferedTool]
    resources: tuple[OfferedResource, ...]
    prompts: Mapping[str, OfferedPrompt]

    def supported(self) -> tuple[Scope, ...]:
        """Return every scope that something offered needs, by name."""
        return tuple(sorted({s for scopes in self._by_product().values() for s in scopes}))

    def scopes_of(self, product: str) -> tuple[Scope, ...]:
        """Return the scopes that what is offered of *product* needs, by name."""
        return tuple(sorted(self._by_product()[product]))

    def initial(self) -> tuple[str, ...]:
        """Return the scope names of the 401 challenge and of the metadata.

        All of them, at once: of the clients that were tried only one can step up later.
        """
        return tuple(scope.name for scope in self.supported())

    def to_request(self) -> tuple[str, ...]:
        """Return what Atlassian is asked for, always the same.

        Atlassian keeps one grant per app and account, and a later consent replaces the scopes of
        the earlier one; asking for less for one client would take away from another.
        """
        return (*self.initial(), *ALWAYS_ASKED)

    def granted(self, asked: Iterable[str], approved: Iterable[str]) -> tuple[str, ...]:
        """Return what a token gets: asked by the client, left ticked by the user, offered by us."""
        return tuple(sorted(set(asked) & set(approved) & set(self.initial())))

    def missing(self, needs: NeedsScopes, granted: Collection[str]) -> tuple[str, ...]:
        """Return the names of the scopes that *needs* has and *granted* lacks."""
        return tuple(sorted({scope.name for scope in needs.scopes} - set(granted)))

    def _by_product(self) -> dict[str, frozenset[Scope]]:
        return {
            name: scopes_needed(
                [
                    *(o.tool for o in self.tools.values() if o.product is product),
                    *(o.resource for o in self.resources if o.product is product),
                    *(o.prompt for o in self.prompts.values() if o.product is product),
                    *(offer for offer in (product.search, product.fetch) if offer),
                ]
            )
            for name, product in self.products.items()
        }


def build(
    products: Sequence[AnyProduct], settings: Mapping[str, BaseModel], policy: PolicySettings
) -> Catalog:
    """Index *products* and leave out what *policy* does not allow."""
    ordered = sorted(products, key=lambda product: product.name)
    return Catalog(
        products={product.name: product for product in ordered},
        settings=dict(settings),
        tools={
            offered.tool.name: offered
            for offered in sorted(
                (OfferedTool(product=p, tool=t) for p in ordered for t in p.tools),
                key=lambda offered: offered.tool.name,
            )
            if allowed(offered.tool, policy)
        },
        resources=tuple(
            OfferedResource(product=p, resource=r) for p in ordered for r in p.resources
        ),
        prompts={
            offered.prompt.name: offered
            for offered in sorted(
                (OfferedPrompt(product=p, prompt=q) for p in ordered for q in p.prompts),
                key=lambda offered: offered.prompt.name,
            )
        },
    )


def allowed(tool: Tool[Any], policy: PolicySettings) -> bool:
    """Tell whether the operator's *policy* lets *tool* be offered at all."""
    if policy.read_only and tool.access != "read":
        return False
    if policy.allow_tools and tool.name not in policy.allow_tools:
        return False
    return tool.access in policy.access and tool.name not in policy.deny_tools
