"""Which tool helps with JQL that Jira refused, as far as Jira's English words tell."""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from telamon.plugin import Rejected

NO_VALUE = re.compile(r"does not exist for the field '([^']+)'")
NO_FIELD = re.compile(r"Field '[^']+' does not exist")
REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("assignee", "reporter", "creator", "watcher", "voter"),
            "lookupJiraAccountId finds account ids by name.",
        ),
        "project": "getVisibleJiraProjects lists projects.",
        **dict.fromkeys(("key", "issue", "issuekey", "id", "parent"), ""),
    }
)
"""By field: what to do about a value that does not exist."""


@contextmanager
def explained() -> Generator[None]:
    """Add to a refusal of a query what finds the right name.

    Raises:
        Rejected: The refusal, with the remedy behind it.
    """
    try:
        yield
    except Rejected as refusal:
        if remedy := _remedy(str(refusal)):
            raise Rejected(f"{refusal} {remedy}", fields=refusal.fields) from refusal
        raise


def _remedy(said: str) -> str:
    if value := NO_VALUE.search(said):
        field = value[1]
        return REMEDIES.get(field.casefold(), f"listJiraFieldOptions suggests values of {field}.")
    return "listJiraFields finds fields by name." if NO_FIELD.search(said) else ""
