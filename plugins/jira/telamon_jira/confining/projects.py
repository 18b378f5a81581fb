"""The allowed projects, and what is inside them by its own key."""

import re
from dataclasses import dataclass

PROJECT_KEY = re.compile(r"[A-Z][A-Z0-9_]{0,254}", re.ASCII)
ISSUE_KEY = re.compile(r"([A-Z][A-Z0-9_]{0,254})-[0-9]{1,18}", re.ASCII | re.IGNORECASE)
NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Projects:
    """Project keys, in capitals."""

    keys: frozenset[str]

    @classmethod
    def of(cls, keys: frozenset[str]) -> "Projects":
        """Take the operator's keys in any case.

        Raises:
            ValueError: One cannot be a project's key; it would have to be put into JQL.
        """
        capitals = frozenset(key.upper() for key in keys)
        for key in sorted(capitals):
            if not PROJECT_KEY.fullmatch(key):
                raise ValueError(f"{key!r} is not the key of a Jira project")
        return cls(capitals)

    def hold(self, key: object) -> bool:
        """Say whether *key* is an allowed project's."""
        return isinstance(key, str) and key.upper() in self.keys

    def hold_issue(self, key: object) -> bool:
        """Say whether an issue is inside, by the key that **Jira** gives as its own.

        The key that a caller gives proves nothing: an issue answers to its old keys after a move.
        """
        found = ISSUE_KEY.fullmatch(key) if isinstance(key, str) else None
        return found is not None and self.hold(found[1])
