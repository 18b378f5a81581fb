"""Everything that can be wrong with a declared product, found without running any of it."""

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import get_args

from telamon.plugin.product import AnyProduct
from telamon.plugin.scopes import Access, NeedsScopes


def faults_of(product: AnyProduct) -> list[str]:
    """Return everything that keeps *product* from being served, one sentence each."""
    return [*_offers(product), *_names(product), *_settings(product), *_roots(product)]


def _offers(product: AnyProduct) -> Iterable[str]:
    offers: Sequence[tuple[str, str, tuple[str, ...], NeedsScopes, Callable[..., object]]] = [
        *(("tool", t.name, (*t.faults, *_access(t.access)), t, t.run) for t in product.tools),
        *(("resource", r.name, r.faults, r, r.run) for r in product.resources),
        *(("prompt", p.name, p.faults, p, p.run) for p in product.prompts),
        *(
            (kind, product.name, (), offer, offer.run)
            for kind, offer in (("search", product.search), ("fetch", product.fetch))
            if offer is not None
        ),
    ]
    for kind, name, faults, offer, run in offers:
        unscoped = () if offer.scopes else ("declares no scope",)
        yield from (f"{kind} {name} {fault}{_where(run)}" for fault in (*faults, *unscoped))


def _access(access: str) -> tuple[str, ...]:
    """Say that a tool's access is none that there is: no policy would ever offer the tool."""
    known = get_args(Access)
    return () if access in known else (f"has the access {access!r}; it may be {', '.join(known)}",)


def _where(run: Callable[..., object]) -> str:
    code = getattr(inspect.unwrap(run), "__code__", None)
    return f" ({code.co_filename}:{code.co_firstlineno})" if code else ""


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
