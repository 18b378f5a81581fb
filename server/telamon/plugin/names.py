"""How Python names become the names on the wire: ``get_jira_issue`` is ``getJiraIssue``."""

import re

TOOL_NAME = re.compile(r"[A-Za-z0-9_./-]{1,128}")
"""MCP 2025-11-25, tools: 1 to 128 characters of this set (SEP-986)."""


def camel(name: str) -> str:
    """Return *name* in camelCase; a trailing underscore (``type_``) only dodges a keyword."""
    first, *rest = name.strip("_").split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)
