"""Atlassian Document Format and Markdown: what a model reads and writes, and what Atlassian stores.

Pure functions. The Markdown dialect is described in docs/content.md.
"""

from .canonical import canonical
from .errors import (
    AdfError,
    AmbiguousSection,
    SectionError,
    TooDeep,
    TooLarge,
    UnknownReference,
    UnknownSection,
)
from .excerpt import plain_text
from .reader import from_markdown
from .writer import to_markdown

__all__ = [
    "AdfError",
    "AmbiguousSection",
    "SectionError",
    "TooDeep",
    "TooLarge",
    "UnknownReference",
    "UnknownSection",
    "canonical",
    "from_markdown",
    "plain_text",
    "to_markdown",
]
