"""What a connection wants listed, as its URL says: ``?tools=all``, ``?toolsets=``, ..."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telamon.plugin import Tool

_MOST_NAMES = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Which of the offered tools a connection lists; hashable, so that listings can be cached.

    Attributes:
        everything: ``tools=all``.
        toolsets: Product and group, e.g. ``jira-agile``.
        capabilities: Access and product in Atlassian's spelling, e.g. ``READ_JIRA``.
        read_only: Nothing but reading tools, neither listed nor called.
    """

    everything: bool = False
    toolsets: frozenset[str] = frozenset()
    capabilities: frozenset[str] = frozenset()
    read_only: bool = False

    def allows(self, tool: Tool[Any]) -> bool:
        """Tell whether *tool* may be called through this connection at all."""
        return not self.read_only or tool.access == "read"

    def lists(self, product: str, tool: Tool[Any]) -> bool:
        """Tell whether *tool* of *product* is listed."""
        if not self.allows(tool):
            return False
        if self.everything:
            return True
        if self.toolsets or self.capabilities:
            return (
                f"{product}-{tool.group}" in self.toolsets
                or f"{tool.access}_{product}".upper() in self.capabilities
            )
        return tool.listed


def read_choice(query: Mapping[str, str]) -> Choice:
    """Read the URL's query; what it says of anything else is ignored."""
    if not query:
        return Choice()
    return Choice(
        everything=query.get("tools") == "all",
        toolsets=_names(query.get("toolsets", "")),
        capabilities=_names(query.get("capabilities", "").upper()),
        read_only=query.get("readonly", "").lower() in {"1", "true", "yes"},
    )


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",")[:_MOST_NAMES] if name.strip())
