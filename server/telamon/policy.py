"""What the operator lets somebody do, for each person and site; pure functions of the settings.

The deployment's own values stand in ``[policy]``. Each of ``[[policy.rules]]`` that holds for a
person on a site replaces the values it names, in the rules' order.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from yarl import URL

from telamon.plugin import Access, AnyProduct, Tool
from telamon.plugin.scopes import NeedsScopes
from telamon.settings import PolicyRule, PolicySettings, ProductPolicy

HOST_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProductLimits:
    """What of one product is left. ``only_in`` empty means everywhere."""

    access: frozenset[Access]
    only_in: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What one person may do on one site; hashable, so that listings can be cached.

    Attributes:
        everything_else: The limits of a product without a line of its own in *products*.
        products: Limits by product name, sorted.
        denied: Tools by name, never.
        only: Tools by name, no others; empty for any.
        confirm_deletes: The user is asked before anything is deleted.
    """

    everything_else: ProductLimits
    products: tuple[tuple[str, ProductLimits], ...] = ()
    denied: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    confirm_deletes: bool = False

    def of(self, product: str) -> ProductLimits:
        """Return the limits of *product*."""
        return dict(self.products).get(product, self.everything_else)

    def allows(self, product: str, tool: Tool[Any]) -> bool:
        """Tell whether *tool* of *product* exists for this person."""
        return (
            tool.access in self.of(product).access
            and tool.name not in self.denied
            and (not self.only or tool.name in self.only)
        )

    def offers(self, product: str, offer: NeedsScopes) -> bool:
        """Tell whether a resource, a prompt or a search of *product* exists for this person.

        A prompt that leads to a change declares the scope for it, and goes where changes do.
        """
        access = self.of(product).access
        return "read" in access and all(scope.access in access for scope in offer.scopes)


NOTHING = Policy(everything_else=ProductLimits(access=frozenset()))
"""For whoever no rule can be found for: nothing at all."""


class Policies:
    """Finds the policy of each person on each site."""

    def __init__(self, settings: PolicySettings) -> None:
        self._settings = settings
        self._found: dict[tuple[int, ...], Policy] = {}
        self.needs_email = any(rule.email_domains for rule in settings.rules)
        """Whether a person's e-mail address has to be known."""
        self.deployment = _policy(settings, ())
        """What holds for whoever no rule names."""
        # Every value of every rule by itself, as if its rule alone held and nobody was read-only.
        writable = not settings.read_only or any(r.read_only is False for r in settings.rules)
        loose = settings.model_copy(update={"read_only": not writable})
        self._any = [
            _policy(loose, ()),
            *(_policy(loose, (r.model_copy(update={"read_only": None}),)) for r in settings.rules),
        ]

    @property
    def has_rules(self) -> bool:
        """Whether some people or sites are treated otherwise than the deployment."""
        return bool(self._settings.rules)

    @property
    def confirms_deletes(self) -> bool:
        """Whether everybody is asked before anything is deleted."""
        return all(policy.confirm_deletes for policy in self._any)

    def of(self, account_id: str, email: str | None, site_url: str) -> Policy:
        """Return what holds for this person on this site.

        Whose e-mail address is unknown gets :data:`NOTHING` where a rule asks for it: who hides
        it must not escape a rule.
        """
        domain = domain_of(email)
        if self.needs_email and not domain:
            return NOTHING
        host = (urlsplit(site_url).hostname or "").lower()
        rules = self._settings.rules
        held = tuple(n for n, r in enumerate(rules) if _holds(r, account_id, domain, host))
        if held not in self._found:
            self._found[held] = _policy(self._settings, [rules[number] for number in held])
        return self._found[held]

    def only_in(self, product: str) -> frozenset[str]:
        """Return outside of which containers nobody reaches *product*; empty for everywhere."""
        found = [policy.of(product).only_in for policy in self._any]
        return frozenset[str]().union(*found) if all(found) else frozenset()

    def allows(self, product: str, tool: Tool[Any]) -> bool:
        """Tell whether *tool* exists for anybody; what does not is not asked of Atlassian.

        Rules that hold together may leave less than this: each value is judged by itself.
        """
        return (
            any(tool.access in policy.of(product).access for policy in self._any)
            and any(tool.name not in policy.denied for policy in self._any)
            and any(not policy.only or tool.name in policy.only for policy in self._any)
        )

    def offers(self, product: str, offer: NeedsScopes) -> bool:
        """Tell whether a resource, a prompt or a search of *product* exists for anybody."""
        return any(policy.offers(product, offer) for policy in self._any)


def domain_of(email: str | None) -> str:
    """Return the domain of an address as host names are compared; empty where it has none.

    In small ASCII letters (IDNA), whatever blanks or full stops stand around it.
    """
    local, _, domain = (email or "").strip().rpartition("@")
    try:
        host = URL.build(scheme="https", host=domain.rstrip(".").lower()).raw_host or ""
    except ValueError:
        return ""
    return host if local and HOST_NAME.fullmatch(host) else ""


def policy_faults(
    settings: PolicySettings, products: Sequence[AnyProduct], own: Iterable[Tool[Any]] = ()
) -> list[str]:
    """Return what *settings* names that neither *products* nor the server's *own* tools have.

    A name that is spelled wrong would deny nothing, and nobody would notice.
    """
    by_name = {product.name: product for product in products}
    tools = {t.name for t in own} | {t.name for product in products for t in product.tools}
    found: list[str] = []
    for where, part in _parts(settings):
        for key, names in (("deny_tools", part.deny_tools), ("allow_tools", part.allow_tools)):
            found += [
                f"{where}.{key}: the enabled plugins have no tool {name!r}{_meant(name, tools)}"
                for name in names or ()
                if name not in tools
            ]
        for name, limits in part.products.items():
            if (product := by_name.get(name)) is None:
                found.append(
                    f"{where}.products.{name}: no such plugin is enabled{_meant(name, by_name)}"
                )
            elif limits.only_in and product.containers is None:
                found.append(
                    f"{where}.products.{name}.only_in: the plugin {name} cannot be kept within "
                    "parts of a site"
                )
            elif product.containers is not None:
                found += [
                    f"{where}.products.{name}.only_in: {key!r} is no key of {name} "
                    f"{product.containers.noun}"
                    for key in limits.only_in or ()
                    if not re.fullmatch(product.containers.key, key)
                ]
    return found


def _parts(settings: PolicySettings) -> Iterator[tuple[str, PolicySettings | PolicyRule]]:
    yield "policy", settings
    for number, rule in enumerate(settings.rules):
        yield f"policy.rules.{number}", rule


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _holds(rule: PolicyRule, account_id: str, domain: str, host: str) -> bool:
    return (
        (not rule.sites or host in rule.sites)
        and (not rule.accounts or account_id in rule.accounts)
        and (not rule.email_domains or domain in rule.email_domains)
    )


def _policy(settings: PolicySettings, rules: Sequence[PolicyRule]) -> Policy:
    read_only, access = settings.read_only, settings.access
    denied, only = settings.deny_tools, settings.allow_tools
    confirm = settings.confirm_deletes
    products: dict[str, ProductPolicy] = dict(settings.products)
    for rule in rules:
        read_only = read_only if rule.read_only is None else rule.read_only
        if rule.access is not None:
            # What a rule says of every product counts more than what was said of one before.
            access = rule.access
            products = {n: p.model_copy(update={"access": None}) for n, p in products.items()}
        denied = denied if rule.deny_tools is None else rule.deny_tools
        only = only if rule.allow_tools is None else rule.allow_tools
        confirm = confirm if rule.confirm_deletes is None else rule.confirm_deletes
        products |= {
            name: _merged(products.get(name, ProductPolicy()), limits)
            for name, limits in rule.products.items()
        }
    base = _limits(ProductPolicy(), access, read_only=read_only)
    return Policy(
        everything_else=base,
        products=tuple(
            (name, _limits(limits, access, read_only=read_only))
            for name, limits in sorted(products.items())
        ),
        denied=frozenset(denied),
        only=frozenset(only),
        confirm_deletes=confirm,
    )


def _merged(before: ProductPolicy, rule: ProductPolicy) -> ProductPolicy:
    return ProductPolicy(
        access=before.access if rule.access is None else rule.access,
        only_in=before.only_in if rule.only_in is None else rule.only_in,
    )


def _limits(limits: ProductPolicy, access: Iterable[Access], *, read_only: bool) -> ProductLimits:
    left = frozenset(access if limits.access is None else limits.access)
    return ProductLimits(
        access=left & {"read"} if read_only else left,
        only_in=frozenset(limits.only_in or ()),
    )
