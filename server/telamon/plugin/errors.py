"""What can go wrong in a tool, each with one sentence that a model can act on.

Raise :class:`ToolError` (or a subclass) from a tool; the server sends its sentence to the model as
a failed result. Anything else that escapes a tool is logged under an error id and answered with a
generic sentence.
"""

from collections.abc import Sequence


class DeclarationError(Exception):
    """A plugin declares something the server cannot accept; the text names the declaration."""


class ToolError(Exception):
    """The call failed. ``str(error)`` is one sentence naming the cause and the remedy."""


class InvalidArgument(ToolError):
    """An argument cannot be used; raised before any request where that is possible."""


class Rejected(ToolError):
    """Atlassian refused the request's content (400, 409 or 410, 413, 422)."""

    def __init__(self, sentence: str, *, fields: dict[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.fields = dict(fields or {})


class Conflict(Rejected):
    """Somebody changed the thing meanwhile (409): read it again, then repeat."""


class NotFound(ToolError):
    """There is no such thing, or this user may not see it (404); Atlassian does not tell which."""


class Forbidden(ToolError):
    """The user lacks a product permission (403); a site administrator can give it."""


class MissingScope(ToolError):
    """The token lacks *scopes*; the user has to approve them (RFC 6750, insufficient_scope)."""

    def __init__(self, sentence: str, scopes: Sequence[str]) -> None:
        super().__init__(sentence)
        self.scopes = tuple(scopes)


class SignInAgain(ToolError):
    """Atlassian no longer accepts this user's grant; only a new sign-in helps."""


class RateLimited(ToolError):
    """Atlassian's limit is reached; ``retry_after`` is in seconds, where it said so."""

    def __init__(self, sentence: str, *, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Unavailable(ToolError):
    """Atlassian could not be reached, timed out, or answered with nonsense."""


class TooLarge(ToolError):
    """The answer or the file is over the cap."""


class CannotAsk(ToolError):
    """The client cannot put a question to its user; say what to pass instead."""
