"""After Atlassian: which site, and what the person should know before the client is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from multidict import MultiMapping

from telamon.authorization.outcomes import Move, Outcome, Refuse, Stay
from telamon.authorization.progress import Progress, Step
from telamon.authorization.withholding import kept_within, on_site
from telamon.catalog import Catalog
from telamon.plugin import Scope, Site
from telamon.storage import Client
from telamon.web.problems import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteChoice:
    """The step in which a person picks a site; a token is for one alone."""

    catalog: Catalog

    def page(self, progress: Progress, client: Client | None) -> Mapping[str, Any]:
        """Return what the template shows."""
        return {
            "client_name": client.name if client and client.name else "the app",
            "account": progress.account,
            "is_other_account": progress.is_other_account,
            "sites": [
                {
                    "id": site.cloud_id,
                    "name": site.name,
                    "host": site.url.partition("://")[2],
                    "withheld": self._withheld(progress, site),
                    "only_in": self._only_in(progress, site),
                }
                for site in progress.sites
            ],
            "missing": [s for s in self.catalog.supported() if s.name in progress.missing],
        }

    def choose(self, progress: Progress, form: MultiMapping[str]) -> Outcome:
        """Take the choice."""
        if form.get("decision") == "deny":
            return Refuse(error="access_denied", description="The user stopped at the last step.")
        chosen = [site for site in progress.sites if site.cloud_id == form.get("site")]
        if form.get("decision") != "approve" or not chosen:
            return Stay(problem=_no_such_site())
        return Move(progress=replace(on_site(self.catalog, progress, chosen[0]), step=Step.ANSWER))

    def _withheld(self, progress: Progress, site: Site) -> list[Scope]:
        """Return what was approved and the operator does not allow on *site*."""
        left = on_site(self.catalog, progress, site).scopes
        return [
            s for s in self.catalog.supported() if s.name in progress.scopes and s.name not in left
        ]

    def _only_in(self, progress: Progress, site: Site) -> list[str]:
        """Say where alone this person reaches products on *site*, if others reach more."""
        there = on_site(self.catalog, progress, site)
        who = there.account
        return kept_within(self.catalog, who, site, there.scopes) if who else []


def _no_such_site() -> Problem:
    return Problem(
        title="That is not one of the sites",
        happened="The site that was chosen is not one that your account reaches.",
        to_do=("Go back, choose one of the sites on the page and continue.",),
    )
