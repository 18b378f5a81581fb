"""Our own consent page, always before Atlassian's: who asks, for what, where the answer goes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from multidict import MultiMapping

from telamon.authorization.outcomes import Move, Outcome, Refuse, Stay
from telamon.authorization.progress import Asked, Progress, Step, sent_to_atlassian
from telamon.authorization.redirects import Redirect, RedirectRules
from telamon.authorization.withholding import where_alone
from telamon.catalog import Catalog
from telamon.plugin import AnyProduct, ConsentGiven, Scope
from telamon.storage import Client
from telamon.web.problems import Problem

_NAMELESS = "An app without a name"


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """The step in which a person decides; nothing of Atlassian's exists before it."""

    catalog: Catalog
    rules: RedirectRules

    def page(self, asked: Asked, client: Client, account: str | None) -> Mapping[str, Any]:
        """Return what the template shows. *account* is whose browser session this is, if known."""
        redirect = self.rules.read(asked.redirect_uri)
        return {
            "client_name": client.name or _NAMELESS,
            "client_host": _host(client),
            "client_kind": client.kind,
            "redirect": redirect,
            "warning": _warning(client, redirect),
            "products": [
                {
                    "name": name,
                    "title": product.title,
                    "scopes": scopes,
                    "only_in": self._only_in(product),
                    "deleting": self.catalog.deleting(name),
                }
                for name, product in self.catalog.products.items()
                if (scopes := self._scopes(name, asked))
            ],
            "account": account,
            "has_rules": self.catalog.policies.has_rules,
            "confirms_deletes": self.catalog.policies.confirms_deletes,
        }

    def decide(
        self,
        progress: Progress,
        asked: Asked,
        client: Client,
        form: MultiMapping[str],
        account: str | None,
        *,
        binding: str,
    ) -> Outcome:
        """Take the decision of the browser that *binding* belongs to.

        Approving once more, with other ticks, replaces the first one.
        """
        decision = form.get("decision")
        if decision == "deny":
            return Refuse(
                error="access_denied",
                description="The user denied the request.",
                event=self._event(asked, client, account, approved=False),
            )
        approved = self._ticked(asked, form)
        if decision != "approve" or (asked.scopes and not approved):
            return Stay(problem=_nothing_ticked())
        again = progress.step is Step.ATLASSIAN
        if again and approved == progress.approved:
            return Move(progress=progress)
        changed = replace(progress, approved=approved, expected_account=account)
        moved = sent_to_atlassian(changed, binding=binding)
        event = self._event(asked, client, account, approved=True, scopes=approved)
        return Move(progress=moved, state=moved.state, event=event)

    def _scopes(self, product: str, asked: Asked) -> list[Scope]:
        """Return the asked-for scopes of *product*, those that only read first."""
        scopes = [s for s in self.catalog.scopes_of(product) if s.name in asked.scopes]
        return sorted(scopes, key=lambda scope: (scope.access != "read", scope.name))

    def _only_in(self, product: AnyProduct) -> str | None:
        """Say where alone anybody reaches the product, e.g. ``projects DEMO, OPS``."""
        return where_alone(product, self.catalog.policies.only_in(product.name))

    def _ticked(self, asked: Asked, form: MultiMapping[str]) -> tuple[str, ...]:
        products = set(form.getall("product", ()))
        scopes = set(form.getall("scope", ()))
        return tuple(
            sorted(
                {
                    scope.name
                    for name in self.catalog.products
                    if name in products
                    for scope in self._scopes(name, asked)
                    if scope.access == "read" or scope.name in scopes
                }
            )
        )

    def _event(
        self,
        asked: Asked,
        client: Client,
        account: str | None,
        *,
        approved: bool,
        scopes: tuple[str, ...] = (),
    ) -> ConsentGiven:
        return ConsentGiven(
            client_id=asked.client_id,
            client_name=client.name,
            redirect_host=self.rules.read(asked.redirect_uri).target,
            approved=approved,
            scopes=scopes,
            account_id=account,
        )


def _host(client: Client) -> str | None:
    """Return the host that vouches for a client with a metadata document."""
    return urlsplit(client.client_id).netloc if client.kind == "document" else None


def _warning(client: Client, redirect: Redirect) -> str | None:
    """Return which of the page's warnings to show: any program can claim to be such a client."""
    if redirect.kind == "loopback":
        return "loopback"
    if redirect.kind == "private":
        return "private"
    return "registered" if client.kind == "dynamic" else None


def _nothing_ticked() -> Problem:
    return Problem(
        title="Nothing was ticked",
        happened="Without any permission the app could do nothing.",
        to_do=("Go back, leave at least one product ticked and approve again, or deny.",),
    )
