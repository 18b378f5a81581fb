"""The CQL of being inside the allowed spaces."""

from collections.abc import Collection

from telamon_confluence.cql import quoted

NOTHING = "type = page and type = space"
"""The condition that nothing meets."""


def condition(keys: Collection[str]) -> str:
    """Return the CQL of being in one of these spaces."""
    return f"space in ({', '.join(quoted(key) for key in sorted(keys))})" if keys else NOTHING
