"""JQL, as far as the sandbox understands it; anything further is refused, never guessed."""

from telamon_jira.sandbox.jql.search import find

__all__ = ["find"]
