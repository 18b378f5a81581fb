"""On whose behalf a call is made: what the bearer check hands to everything behind it."""

from dataclasses import dataclass

from telamon.plugin import Site
from telamon.policy import Policy


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """One user, one client, one site.

    Attributes:
        account_id: The Atlassian account.
        client_id: The MCP client that holds the token.
        family_id: The token family the access token belongs to.
        grant_id: The Atlassian grant with which calls are made.
        site: The only site the token is good for.
        scopes: The names of the scopes that the user left the client.
        policy: What the operator lets this user do on this site.
        expires_at: When the access token ends, in Unix seconds.
    """

    account_id: str
    client_id: str
    family_id: str
    grant_id: str
    site: Site
    scopes: frozenset[str]
    policy: Policy
    expires_at: float
