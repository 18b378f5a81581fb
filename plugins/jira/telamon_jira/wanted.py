"""Which fields a caller wants to read, by id or name, and what of Jira's answer these are.

Jira takes ids only. A name costs no second request: all navigable fields are asked for together
with their names, and what was not wanted is left out of what is shown.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from telamon.plugin import InvalidArgument, Json
from telamon_jira import compact
from telamon_jira.field_names import CUSTOM_ID, folded
from telamon_jira.values import items, members

SYSTEM_IDS = frozenset(
    {
        "aggregateprogress",
        "aggregatetimeestimate",
        "aggregatetimeoriginalestimate",
        "aggregatetimespent",
        "assignee",
        "attachment",
        "comment",
        "components",
        "created",
        "creator",
        "description",
        "duedate",
        "environment",
        "fixVersions",
        "id",
        "issuelinks",
        "issuerestriction",
        "issuetype",
        "key",
        "labels",
        "lastViewed",
        "parent",
        "priority",
        "progress",
        "project",
        "reporter",
        "resolution",
        "resolutiondate",
        "security",
        "status",
        "statusCategory",
        "statuscategorychangedate",
        "subtasks",
        "summary",
        "thumbnail",
        "timeestimate",
        "timeoriginalestimate",
        "timespent",
        "timetracking",
        "updated",
        "versions",
        "votes",
        "watches",
        "worklog",
        "workratio",
    }
)
"""The fields of the Jira platform whose ids never change."""

CALLED: Mapping[str, str] = MappingProxyType(
    {
        **{identifier.casefold(): identifier for identifier in SYSTEM_IDS},
        "affects versions": "versions",
        "attachments": "attachment",
        "comments": "comment",
        "due date": "duedate",
        "fix versions": "fixVersions",
        "issue type": "issuetype",
        "linked issues": "issuelinks",
        "links": "issuelinks",
        "log work": "worklog",
        "sub-tasks": "subtasks",
        "time tracking": "timetracking",
        "type": "issuetype",
        "watchers": "watches",
        "worklogs": "worklog",
    }
)
"""What people call system fields; for these nothing has to be looked up."""

POINTS = frozenset({"story points", "story point estimate"})
"""What story points are called in company-managed and in team-managed projects."""

ID_LIKE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """The fields that a caller wants: ids, names, ``*all``, ``*navigable``, ``-comment``.

    Attributes:
        given: As the caller wrote them, system fields by their ids.
        everyday: Sprint and story points as well, whatever their ids are on this site.
        exact: Nothing is looked up; they are the keys of apps' fields.
    """

    given: tuple[str, ...]
    everyday: bool = False
    exact: bool = False

    @classmethod
    def by(cls, names: Iterable[str]) -> "Wanted":
        """Return what a caller means by *names*."""
        return cls(given=tuple(dict.fromkeys(map(_canonical, names))))

    @property
    def asked(self) -> list[str]:
        """What to ask Jira for."""
        if self.exact or not (self._named or self.everyday):
            return [*self.given]
        base = "*all" if all(name.startswith("-") for name in self.given) else "*navigable"
        sent = [name for name in self.given if name not in self._named or ID_LIKE.fullmatch(name)]
        return list(dict.fromkeys([base, *sent]))

    @property
    def needs_names(self) -> bool:
        """Whether the answer has to say what its fields are called."""
        if self.exact:
            return False
        return (
            self.everyday
            or bool(self._named)
            or any(name.startswith(("customfield_", "*", "-")) for name in self.given)
        )

    @property
    def _named(self) -> tuple[str, ...]:
        return tuple(
            name for name in self.given if not name.startswith("*") and not _is_id(_bare(name))
        )

    def of(self, fields: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
        """Return those *fields* of an issue that are wanted; *names* says what they are called."""
        if self.exact:
            return {**fields}
        without = {i for name in self.given if name[0] == "-" for i in _ids(_bare(name), names)}
        whole = all(name[0] == "-" for name in self.given) or any(n[0] == "*" for n in self.given)
        chosen = {i for name in self.given for i in _ids(name, names)}
        return {
            identifier: value
            for identifier, value in fields.items()
            if identifier not in without
            and (
                whole
                or identifier in chosen
                or (self.everyday and _is_everyday(names.get(identifier), value))
            )
        }

    def missing(self, names: Mapping[str, Any] | None) -> list[str]:
        """Return a sentence for each wanted field that *names*, the fields there are, has not.

        Without *names* nothing is known of that.

        Raises:
            InvalidArgument: It has none of them.
        """
        if self.exact or names is None:
            return []
        plain = [name for name in self.given if not name.startswith("*")]
        unknown = [name for name in plain if not self._is_there(_bare(name), names)]
        said = [_unknown(_bare(name), names) for name in unknown]
        if said and unknown == [*self.given]:
            raise InvalidArgument(" ".join([*said, "listJiraFields finds fields by their name."]))
        return said

    def _is_there(self, name: str, names: Mapping[str, Any]) -> bool:
        return name in SYSTEM_IDS or any(found in names for found in _ids(name, names))


def _canonical(name: str) -> str:
    sign = "-" if name.startswith("-") else ""
    bare = _bare(name)
    return name if _is_id(bare) else sign + CALLED.get(folded(bare), bare)


def _bare(name: str) -> str:
    return name.removeprefix("-")


def _is_id(name: str) -> bool:
    return name in SYSTEM_IDS or CUSTOM_ID.fullmatch(name) is not None


def _ids(name: str, names: Mapping[str, Any]) -> list[str]:
    """Return the fields that *name* means; several may be called the same."""
    if _is_id(name) or name in names:
        return [name]
    called = folded(name)
    meant = POINTS if called in POINTS else {called}
    return [i for i, label in names.items() if folded(label) in meant or folded(i) in meant]


def _is_everyday(label: Any, value: Json) -> bool:
    return folded(label) in POINTS or any(
        members(one).keys() >= compact.SPRINT_SIGNS for one in items(value)
    )


def _unknown(name: str, names: Mapping[str, Any]) -> str:
    known = {folded(label): str(label) for label in (*SYSTEM_IDS, *names.values())}
    called = folded(name)
    near = [known[found] for found in get_close_matches(called, known)] or [
        label for found, label in sorted(known.items()) if called in found
    ][:3]
    return f"There is no field {name!r} here" + (f"; near: {', '.join(near)}." if near else ".")
