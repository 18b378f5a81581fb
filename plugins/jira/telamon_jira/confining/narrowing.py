"""The JQL of being inside the allowed projects."""

from collections.abc import Collection

from telamon_jira.jql import quoted


def condition(keys: Collection[str]) -> str:
    """Return the JQL of being in one of these projects; of nothing at all if there is none."""
    names = ", ".join(quoted(key) for key in sorted(keys))
    return f"project in ({names})" if names else "project is EMPTY"
