"""What every emulated site has in common: statuses, types, priorities, resolutions, link types."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Category:
    """A status category with the odd ids and keys that Jira gives them."""

    id: int
    key: str
    name: str
    color: str


@dataclass(frozen=True, slots=True)
class Status:
    """A status of a workflow."""

    id: str
    name: str
    category: Category


@dataclass(frozen=True, slots=True)
class IssueType:
    """A type of issue; ``level`` is 1 for epics, 0 for standard issues, -1 for subtasks."""

    id: str
    name: str
    description: str
    level: int


@dataclass(frozen=True, slots=True)
class LinkType:
    """A type of link and how it reads in both directions."""

    id: str
    name: str
    inward: str
    outward: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A transition: from which statuses (any, if none are named) to which one.

    ``asks`` are the fields on its screen; those in ``requires`` have to be given.
    """

    id: str
    name: str
    to: str
    start: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()


_TODO = Category(2, "new", "To Do", "blue-gray")
_DOING = Category(4, "indeterminate", "In Progress", "yellow")
_DONE = Category(3, "done", "Done", "green")

TO_DO, IN_PROGRESS, IN_REVIEW, DONE = "10000", "3", "10002", "10001"
STATUSES: Mapping[str, Status] = MappingProxyType(
    {
        TO_DO: Status(TO_DO, "To Do", _TODO),
        IN_PROGRESS: Status(IN_PROGRESS, "In Progress", _DOING),
        IN_REVIEW: Status(IN_REVIEW, "In Review", _DOING),
        DONE: Status(DONE, "Done", _DONE),
    }
)

EPIC, STORY, TASK, SUBTASK, BUG = "10000", "10001", "10002", "10003", "10004"
ISSUE_TYPES: Mapping[str, IssueType] = MappingProxyType(
    {
        EPIC: IssueType(EPIC, "Epic", "A large piece of work that holds other issues.", 1),
        STORY: IssueType(STORY, "Story", "Something a user can do afterwards.", 0),
        TASK: IssueType(TASK, "Task", "A small, distinct piece of work.", 0),
        BUG: IssueType(BUG, "Bug", "A problem or error.", 0),
        SUBTASK: IssueType(SUBTASK, "Subtask", "A part of another issue.", -1),
    }
)

PRIORITIES: Mapping[str, str] = MappingProxyType(
    {"1": "Highest", "2": "High", "3": "Medium", "4": "Low", "5": "Lowest"}
)
DEFAULT_PRIORITY = "3"
RESOLUTIONS: Mapping[str, str] = MappingProxyType(
    {"10000": "Done", "10001": "Won't Do", "10002": "Duplicate", "10003": "Cannot Reproduce"}
)
DEFAULT_RESOLUTION = "10000"
SEVERITIES: Mapping[str, str] = MappingProxyType(
    {"10100": "Blocker", "10101": "Major", "10102": "Minor"}
)

LINK_TYPES: Mapping[str, LinkType] = MappingProxyType(
    {
        kind.id: kind
        for kind in (
            LinkType("10000", "Blocks", "is blocked by", "blocks"),
            LinkType("10001", "Cloners", "is cloned by", "clones"),
            LinkType("10002", "Duplicate", "is duplicated by", "duplicates"),
            LinkType("10003", "Relates", "relates to", "relates to"),
        )
    }
)

STRICT_STEPS = (
    Step(id="11", name="Start work", to=IN_PROGRESS, start=(TO_DO,)),
    Step(id="21", name="Ask for review", to=IN_REVIEW, start=(IN_PROGRESS,), asks=("assignee",)),
    Step(
        id="31",
        name="Finish",
        to=DONE,
        start=(IN_REVIEW,),
        asks=("resolution", "fixVersions"),
        requires=("resolution",),
    ),
    Step(id="41", name="Send back", to=IN_PROGRESS, start=(IN_REVIEW,)),
    Step(id="51", name="Stop work", to=TO_DO, start=(IN_PROGRESS,)),
    Step(id="61", name="Reopen", to=TO_DO, start=(DONE,)),
)
"""To Do -> In Progress -> In Review -> Done, and the ways back."""

FREE_STEPS = (
    Step(id="11", name="To Do", to=TO_DO),
    Step(id="21", name="In Progress", to=IN_PROGRESS),
    Step(id="31", name="Done", to=DONE),
)
"""Any status from any other, as team-managed projects begin."""
