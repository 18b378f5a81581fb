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
from telamon.policy import Policies, Policy
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
    """Everything offered to anybody, in a stable order, and what of it *policies* leave to whom."""

    products: Mapping[str, AnyProduct]
    settings: Mapping[str, BaseModel]
    tools: Mapping[str, OfferedTool]
    resources: tuple[OfferedResource, ...]
    prompts: Mapping[str, OfferedPrompt]
    policies: Policies

    def supported(self) -> tuple[Scope, ...]:
        """Return every scope that something offered needs, by name."""
        return tuple(sorted({s for name in self.products for s in self._scopes(name)}))

    def scopes_of(self, product: str) -> tuple[Scope, ...]:
        """Return the scopes that what is offered of *product* needs, by name."""
        return tuple(sorted(self._scopes(product)))

    def deleting(self, product: str) -> frozenset[str]:
        """Return the names of the scopes with which what is offered of *product* deletes things."""
        tools = [o.tool for o in self.tools.values() if o.product.name == product]
        deleting = [tool for tool in tools if tool.access == "delete"]
        return frozenset(s.name for t in deleting for s in t.scopes if s.access != "read")

    def left(self, policy: Policy) -> frozenset[str]:
        """Return the names of the scopes for which *policy* leaves any use."""
        return frozenset(s.name for name in self.products for s in self._scopes(name, policy))

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

    def _scopes(self, name: str, policy: Policy | None = None) -> frozenset[Scope]:
        """Return the scopes of what is offered of a product, or what of it *policy* leaves."""
        product, rule = self.products[name], policy or self.policies
        tools = [o.tool for o in self.tools.values() if o.product is product]
        others: list[NeedsScopes] = [
            *(o.resource for o in self.resources if o.product is product),
            *(o.prompt for o in self.prompts.values() if o.product is product),
            *(offer for offer in (product.search, product.fetch) if offer),
        ]
        return scopes_needed(
            [
                *(tool for tool in tools if rule.allows(name, tool)),
                *(offer for offer in others if rule.offers(name, offer)),
            ]
        )


def build(
    products: Sequence[AnyProduct], settings: Mapping[str, BaseModel], policy: PolicySettings
) -> Catalog:
    """Index *products* and leave out what *policy* allows nobody."""
    policies = Policies(policy)
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
            if policies.allows(offered.product.name, offered.tool)
        },
        resources=tuple(
            OfferedResource(product=p, resource=r)
            for p in ordered
            for r in p.resources
            if policies.offers(p.name, r)
        ),
        prompts={
            offered.prompt.name: offered
            for offered in sorted(
                (OfferedPrompt(product=p, prompt=q) for p in ordered for q in p.prompts),
                key=lambda offered: offered.prompt.name,
            )
            if policies.offers(offered.product.name, offered.prompt)
        },
        policies=policies,
    )
