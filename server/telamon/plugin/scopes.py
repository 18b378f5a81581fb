"""OAuth scopes: what a tool may ask Atlassian for, in words a person can judge."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

Access = Literal["read", "write", "delete", "manage"]
"""What holding a scope lets somebody do; everything but ``read`` can be unticked on its own."""


@dataclass(frozen=True, order=True, slots=True)
class Scope:
    """One Atlassian scope, and the words the consent page shows for it.

    Attributes:
        name: The scope as Atlassian spells it, e.g. ``read:jira-work``.
        allows: What it allows, as the end of "This lets the app …": lower case, no full stop.
        access: How much it allows.
    """

    name: str
    allows: str
    access: Access = "read"

    def __post_init__(self) -> None:
        """Refuse a name that is not one RFC 6749 scope-token (section 3.3)."""
        if not self.name or any(not 0x21 <= ord(c) <= 0x7E or c in '"\\' for c in self.name):
            raise ValueError(f"{self.name!r} is not an OAuth scope (RFC 6749, section 3.3)")
        if not self.allows.strip():
            raise ValueError(f"scope {self.name} says nothing of what it allows")
        if self.access not in get_args(Access):
            raise ValueError(f"scope {self.name} has the access {self.access!r}, which is none")


class NeedsScopes(Protocol):
    """Anything that declares scopes: a tool, a resource, a prompt, a search."""

    @property
    def scopes(self) -> frozenset[Scope]:
        """The scopes without which this cannot work."""
        ...


def scopes_needed(capabilities: Iterable[NeedsScopes]) -> frozenset[Scope]:
    """Return the union of the scopes that *capabilities* declare."""
    return frozenset(scope for capability in capabilities for scope in capability.scopes)
