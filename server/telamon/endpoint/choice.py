"""What a connection wants listed, as its URL says: ``?tools=all``, ``?toolsets=``, ..."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telamon.catalog import Catalog
from telamon.plugin import Tool
from telamon.policy import Policy

_MOST_NAMES = 50
_MOST_SHOWN = 5
_LONGEST_NAME = 50


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
    """Read the URL's query; what it says of anything else is ignored (see :func:`mistaken`)."""
    if not query:
        return Choice()
    return Choice(
        everything=query.get("tools") == "all",
        toolsets=_names(query.get("toolsets", "")),
        capabilities=_names(query.get("capabilities", "").upper()),
        read_only=query.get("readonly", "").lower() in {"1", "true", "yes"},
    )


def mistaken(choice: Choice, catalog: Catalog, policy: Policy) -> str | None:
    """Say what is wrong with a choice none of whose names means anything, or return None.

    Such a connection would list nothing, and nobody would know why. A name that means nothing
    beside one that does is passed over: its plugin may be switched off for now. What *policy*
    denies means nothing.
    """
    offered = [o for o in catalog.tools.values() if policy.allows(o.product.name, o.tool)]
    toolsets = {f"{each.product.name}-{each.tool.group}" for each in offered}
    capabilities = {f"{each.tool.access}_{each.product.name}".upper() for each in offered}
    named = choice.toolsets | choice.capabilities
    if choice.everything or not named or named & (toolsets | capabilities):
        return None
    known = sorted(toolsets) if choice.toolsets else sorted(capabilities)
    shown = ", ".join(sorted(name[:_LONGEST_NAME] for name in named)[:_MOST_SHOWN])
    return f"There is nothing named {shown} to list. There is: {', '.join(known) or 'nothing'}."


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",")[:_MOST_NAMES] if name.strip())
