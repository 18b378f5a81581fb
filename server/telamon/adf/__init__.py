"""Atlassian Document Format and Markdown: what a model reads and writes, and what Atlassian stores.

Pure functions. The Markdown dialect is described in docs/content.md.
"""

from .canonical import canonical
from .edits import apply_edit
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
from .losses import Loss, lost
from .reader import from_markdown
from .sections import Section, replace_section, section, sections
from .writer import to_markdown

__all__ = [
    "AdfError",
    "AmbiguousSection",
    "Loss",
    "Section",
    "SectionError",
    "TooDeep",
    "TooLarge",
    "UnknownReference",
    "UnknownSection",
    "apply_edit",
    "canonical",
    "from_markdown",
    "lost",
    "plain_text",
    "replace_section",
    "section",
    "sections",
    "to_markdown",
]
