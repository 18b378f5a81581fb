"""What the operator's policy leaves of an approval, once person and site are known."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from telamon.atlassian.oauth import Account
from telamon.authorization.progress import Progress
from telamon.catalog import Catalog
from telamon.plugin import AnyProduct, Site


def left_on(
    catalog: Catalog, account: Account, site: Site, scopes: Sequence[str]
) -> tuple[str, ...]:
    """Return those of *scopes* that *account* may use on *site*."""
    policy = catalog.policies.of(account.account_id, account.email, site.url)
    left = catalog.left(policy)
    return tuple(scope for scope in scopes if scope in left)


def on_site(catalog: Catalog, progress: Progress, site: Site) -> Progress:
    """Return *progress* with *site* chosen and the scopes that are left there."""
    if progress.account is None:
        raise RuntimeError("a site is chosen by somebody")
    scopes = left_on(catalog, progress.account, site, progress.scopes)
    return replace(progress, sites=(site,), scopes=scopes)


def kept_within(
    catalog: Catalog, account: Account, site: Site, scopes: Collection[str]
) -> list[str]:
    """Say where alone *account* reaches products with *scopes* on *site*, if others reach more."""
    policy = catalog.policies.of(account.account_id, account.email, site.url)
    found: list[str] = []
    for name, product in catalog.products.items():
        keys = policy.of(name).only_in
        words = where_alone(product, keys)
        granted = {scope.name for scope in catalog.scopes_of(name)} & set(scopes)
        if words and granted and keys != catalog.policies.only_in(name):
            found.append(f"{product.title}: only in the {words}")
    return found


def where_alone(product: AnyProduct, keys: Collection[str]) -> str | None:
    """Say where alone *product* is reached, e.g. ``projects DEMO, OPS``; None for everywhere."""
    if not keys or product.containers is None:
        return None
    return f"{product.containers.noun} {', '.join(sorted(keys))}"
