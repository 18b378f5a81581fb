"""The ``scope`` parameter as we read it."""

from collections.abc import Mapping

IGNORED = frozenset({"openid", "email", "profile", "offline_access"})
"""Asked for by clients out of habit. They mean nothing here, and asking is no mistake: who the user
is stays with us, and refresh tokens come without."""


def with_meaning(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters with ``scope`` less what is ignored, or without it if that was all."""
    cleaned = dict(fields)
    scope = cleaned.get("scope", "")
    named = scope.split()
    if IGNORED & set(named):
        kept = [name for name in named if name not in IGNORED]
        if kept:
            cleaned["scope"] = " ".join(kept)
        else:
            del cleaned["scope"]
    return cleaned
