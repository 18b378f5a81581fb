"""The issues of the seed data, one line each."""

from dataclasses import dataclass
from typing import Any

from telamon_jira.sandbox.definitions import (
    BUG,
    DONE,
    EPIC,
    IN_PROGRESS,
    IN_REVIEW,
    STORY,
    SUBTASK,
    TASK,
    TO_DO,
)


@dataclass(frozen=True, slots=True)
class Row:
    """An issue: who is ``ada``, ``ben``, ``cleo`` or empty; *age* is in days.

    ``more`` are further values: parent (a number), labels, component, fix (a version's name),
    points, sprint (a name), severity, due (days from now), text (a longer document's name).
    """

    type: str
    summary: str
    status: str
    assignee: str
    age: float
    priority: str = "3"
    more: tuple[tuple[str, Any], ...] = ()


def _row(  # noqa: PLR0917 - a row of a table reads best by position
    kind: str,
    summary: str,
    status: str,
    assignee: str,
    age: float,
    priority: str = "3",
    **more: Any,
) -> Row:
    return Row(kind, summary, status, assignee, age, priority, tuple(more.items()))


DEMO = (
    _row(
        EPIC,
        "Checkout without friction",
        IN_PROGRESS,
        "ada",
        60,
        "2",
        text="release_plan",
        labels=("roadmap",),
        fix="2.0",
    ),
    _row(EPIC, "Dark mode", TO_DO, "cleo", 45, labels=("roadmap", "design")),
    _row(
        BUG,
        "Order total is NaN after a voucher is removed",
        IN_PROGRESS,
        "ada",
        9,
        "1",
        parent=1,
        labels=("checkout", "regression"),
        component="Web shop",
        affects="1.9",
        fix="2.0",
        points=3,
        sprint="Sprint 8",
        severity="10100",
        due=2,
        text="checkout_bug",
    ),
    _row(
        STORY,
        "Guest checkout",
        IN_REVIEW,
        "ben",
        20,
        "2",
        parent=1,
        labels=("checkout",),
        component="Web shop",
        fix="2.0",
        points=8,
        sprint="Sprint 8",
        text="guest_checkout",
    ),
    _row(SUBTASK, "Ask for the address only once", DONE, "ben", 12, parent=4),
    _row(SUBTASK, "Send the confirmation by e-mail", IN_PROGRESS, "ben", 12, parent=4),
    _row(
        STORY,
        "Remember the payment method",
        TO_DO,
        "",
        18,
        parent=1,
        labels=("checkout",),
        component="Payments",
        fix="2.0",
        points=5,
        sprint="Sprint 8",
    ),
    _row(
        TASK,
        "Update the payment provider's library",
        DONE,
        "ada",
        30,
        "2",
        component="Payments",
        fix="1.9",
        points=2,
        sprint="Sprint 7",
    ),
    _row(
        BUG,
        "Voucher field loses focus on every key",
        DONE,
        "ben",
        28,
        labels=("checkout",),
        component="Web shop",
        affects="1.8",
        fix="1.9",
        points=1,
        sprint="Sprint 7",
        severity="10102",
    ),
    _row(
        STORY,
        "Colours follow the system setting",
        TO_DO,
        "cleo",
        40,
        parent=2,
        labels=("design",),
        component="Web shop",
        points=5,
    ),
    _row(
        STORY,
        "A switch for dark mode in the menu",
        TO_DO,
        "",
        40,
        "4",
        parent=2,
        labels=("design",),
        component="Web shop",
        points=3,
    ),
    _row(
        TASK,
        "Measure the contrast of all buttons",
        TO_DO,
        "cleo",
        14,
        "4",
        parent=2,
        labels=("design", "accessibility"),
        points=2,
        sprint="Sprint 9",
    ),
    _row(
        BUG,
        "Search finds nothing for words with umlauts",
        TO_DO,
        "",
        7,
        "2",
        labels=("search",),
        component="Search",
        affects="1.9",
        severity="10101",
    ),
    _row(
        BUG,
        "Empty cart shows a shipping fee",
        IN_PROGRESS,
        "ben",
        6,
        labels=("checkout",),
        component="Web shop",
        points=2,
        sprint="Sprint 8",
        severity="10102",
    ),
    _row(
        TASK, "Write release notes for 2.0", TO_DO, "ada", 5, fix="2.0", due=10, sprint="Sprint 9"
    ),
    _row(STORY, "Filter search results by price", TO_DO, "", 25, component="Search", points=5),
    _row(STORY, "Suggest words while typing", TO_DO, "ben", 24, "4", component="Search", points=8),
    _row(TASK, "Remove the old wish list", DONE, "cleo", 50, "5", fix="1.9", sprint="Sprint 7"),
    _row(
        BUG,
        "Order history is sorted backwards",
        DONE,
        "ada",
        33,
        fix="1.9",
        points=1,
        sprint="Sprint 7",
        severity="10102",
    ),
    _row(
        STORY,
        "Invoice as PDF",
        IN_REVIEW,
        "ada",
        16,
        component="Payments",
        fix="2.0",
        points=3,
        sprint="Sprint 8",
    ),
    _row(
        BUG,
        "Duplicate of the voucher bug",
        DONE,
        "ada",
        8,
        resolution="10002",
        labels=("checkout",),
    ),
    _row(
        TASK, "Load test before the launch", TO_DO, "", 4, "2", fix="2.0", due=8, sprint="Sprint 9"
    ),
)

OPS = (
    _row(
        TASK,
        "Renew the certificate of shop.example.com",
        TO_DO,
        "ada",
        3,
        "1",
        due=5,
        labels=("certificates",),
    ),
    _row(
        TASK, "Move the nightly backup to another hour", IN_PROGRESS, "cleo", 11, labels=("backup",)
    ),
    _row(BUG, "Disk of the log host fills up", DONE, "cleo", 21, "2", labels=("disk",)),
    _row(TASK, "Describe how to restore a backup", TO_DO, "", 15, labels=("backup", "docs")),
    _row(BUG, "Alerts arrive twice", TO_DO, "ada", 6, "4", labels=("alerts",)),
    _row(TASK, "Retire the old build machine", DONE, "ada", 70, "5"),
    _row(TASK, "Order two more displays", TO_DO, "", 2, "5"),
    _row(BUG, "Clock of the mail host is two minutes late", IN_PROGRESS, "cleo", 5),
    _row(TASK, "Review who may log in to production", TO_DO, "ada", 9, "2", labels=("access",)),
    _row(TASK, "Test the restore of last month", DONE, "cleo", 19, labels=("backup",)),
)

SEC = (
    _row(
        TASK,
        "Review of the checkout's permissions",
        IN_PROGRESS,
        "ada",
        10,
        "1",
        labels=("review",),
    ),
    _row(BUG, "Session cookie without SameSite", DONE, "ada", 26, "2", labels=("review",)),
    _row(TASK, "Plan the yearly penetration test", TO_DO, "", 13, labels=("review",)),
)

LAB = (
    _row(TASK, "Calibrate the sensor", TO_DO, "ada", 4, labels=("sensor",)),
    _row(BUG, "Readings jump at midnight", IN_PROGRESS, "ada", 2, "2", labels=("sensor",)),
    _row(TASK, "Label the cables", DONE, "ada", 17),
)
