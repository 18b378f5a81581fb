"""Everything that can be wrong with a declared product, found without running any of it."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from telamon.plugin.product import AnyProduct


def faults_of(product: AnyProduct) -> list[str]:
    """Return everything that keeps *product* from being served, one sentence each."""
    return [*_offers(product), *_names(product), *_settings(product), *_roots(product)]


def _offers(product: AnyProduct) -> Iterable[str]:
    offers: Sequence[tuple[str, str, tuple[str, ...], bool]] = [
        *(("tool", t.name, t.faults, bool(t.scopes)) for t in product.tools),
        *(("resource", r.name, r.faults, bool(r.scopes)) for r in product.resources),
        *(("prompt", p.name, p.faults, bool(p.scopes)) for p in product.prompts),
        *(
            (kind, product.name, (), bool(offer.scopes))
            for kind, offer in (("search", product.search), ("fetch", product.fetch))
            if offer is not None
        ),
    ]
    for kind, name, faults, scoped in offers:
        yield from (f"{kind} {name} {fault}" for fault in faults)
        if not scoped:
            yield f"{kind} {name} declares no scope"


def _names(product: AnyProduct) -> Iterable[str]:
    for kind, names in (
        ("tool", [t.name for t in product.tools]),
        ("prompt", [p.name for p in product.prompts]),
        ("resource", [r.uri_template for r in product.resources]),
    ):
        for name, count in Counter(names).items():
            if count > 1:
                yield f"{kind} {name} is declared {count} times"
    sentences: dict[str, set[str]] = {}
    for scope in product.scopes:
        sentences.setdefault(scope.name, set()).add(scope.allows)
    for name, different in sentences.items():
        if len(different) > 1:
            yield f"scope {name} is described in {len(different)} ways"


def _settings(product: AnyProduct) -> Iterable[str]:
    for name, info in product.settings.model_fields.items():
        if info.is_required():
            yield f"setting {name} has no default"


def _roots(product: AnyProduct) -> Iterable[str]:
    if not re.fullmatch(r"[a-z][a-z0-9-]*", product.name):
        yield f"the product name {product.name!r} is not a lower-case word"
    if not product.api_roots:
        yield "no api_roots: the product could reach nothing"
    for root in product.api_roots:
        if not re.fullmatch(r"(/[A-Za-z0-9.-]+)+", root):
            yield f"the api root {root!r} must begin with a slash and end without one"
