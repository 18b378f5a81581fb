"""What the operator's policy leaves of an approval, once person and site are known."""

from collections.abc import Sequence
from dataclasses import replace

from telamon.atlassian.oauth import Account
from telamon.authorization.progress import Progress
from telamon.catalog import Catalog
from telamon.plugin import Site


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
