"""What surrounds the seeded issues: versions, sprints, comments, work logs, links, files."""

from datetime import UTC, datetime

from telamon.plugin import Upload
from telamon_jira.sandbox.seed_documents import (
    EMPTY_ZIP,
    LOG,
    PIXEL,
    document,
    mention,
    paragraph,
    text,
)
from telamon_jira.sandbox.state import (
    Attachment,
    Board,
    Comment,
    Component,
    Dashboard,
    Filter,
    Issue,
    Link,
    RemoteLink,
    SiteState,
    Sprint,
    Version,
    Worklog,
)

DAY = 86_400.0
HOUR = 3_600


def date(seconds: float) -> str:
    """Return the day of a time, in UTC."""
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%d}"


def plan(state: SiteState, now: float, lead: str) -> None:
    """Give the first site its versions, components, boards, sprints, filters and dashboards."""
    demo = state.projects["DEMO"]
    demo.versions = [
        Version(id="10200", name="1.8", released=True, release_date=date(now - 80 * DAY)),
        Version(id="10201", name="1.9", released=True, release_date=date(now - 25 * DAY)),
        Version(
            id="10202",
            name="2.0",
            description="Checkout without friction",
            start_date=date(now - 24 * DAY),
            release_date=date(now + 12 * DAY),
        ),
    ]
    demo.components = [
        Component(id="10300", name="Web shop", description="What visitors see", lead=lead),
        Component(id="10301", name="Payments"),
        Component(id="10302", name="Search"),
    ]
    state.boards = {
        1: Board(id=1, name="DEMO board", type="scrum", project="DEMO"),
        2: Board(id=2, name="Operations board", type="kanban", project="OPS"),
        3: Board(id=3, name="Reviews", type="kanban", project="SEC"),
    }
    state.sprints = {
        7: Sprint(
            id=7,
            board=1,
            name="Sprint 7",
            state="closed",
            goal="Tidy up",
            start=now - 35 * DAY,
            end=now - 21 * DAY,
            completed=now - 21 * DAY,
        ),
        8: Sprint(
            id=8,
            board=1,
            name="Sprint 8",
            state="active",
            goal="Guest checkout works",
            start=now - 7 * DAY,
            end=now + 7 * DAY,
        ),
        9: Sprint(id=9, board=1, name="Sprint 9", state="future", goal="Ready to launch"),
    }
    state.filters = [
        Filter(
            "10400",
            "Open bugs of the shop",
            lead,
            "project = DEMO AND type = Bug AND resolution IS EMPTY ORDER BY priority DESC",
            "What hurts most comes first",
        ),
        Filter(
            "10401", "My open issues", lead, "assignee = currentUser() AND statusCategory != Done"
        ),
    ]
    state.dashboards = [Dashboard("10500", "Shop at a glance", lead)]


def decorate(state: SiteState, now: float, ada: str, ben: str, cleo: str) -> None:
    """Put comments, work logs, links and files on some of the first site's issues."""
    bug, story, invoice = (_issue(state, key) for key in ("DEMO-3", "DEMO-4", "DEMO-20"))
    _comment(state, bug, cleo, now - 8 * DAY, "I can reproduce it with the voucher SPRING.")
    _comment(state, bug, ben, now - 7 * DAY, "The sum starts with undefined, see the log.")
    bug.comments.append(
        Comment(
            id=state.new_id(),
            author=ada,
            body=document(
                paragraph(
                    mention(ben, state.users[ben].name),
                    " please ",
                    text("check", "strong"),
                    " whether shipping is affected too.",
                )
            ),
            created=now - 6 * DAY,
            updated=now - 5 * DAY,
        )
    )
    _comment(state, story, ada, now - 3 * DAY, "The form looks good, one question in the review.")
    for number in range(1, 8):
        _comment(state, invoice, cleo, now - (9 - number) * DAY, f"Draft {number} is attached.")
    bug.values["timetracking"] = {"originalEstimate": 8 * HOUR, "remainingEstimate": 5 * HOUR}
    _worklog(state, bug, ada, now - 4 * DAY, 2, words="Read the log")
    _worklog(state, bug, ben, now - 3 * DAY, 1)
    picture = Upload(content=PIXEL, filename="cart.png", media_type="image/png")
    log = Upload(content=LOG, filename="checkout.log", media_type="text/plain")
    archive = Upload(content=EMPTY_ZIP, filename="prices.zip", media_type="application/zip")
    _attach(state, bug, cleo, now - 8 * DAY, picture)
    _attach(state, bug, cleo, now - 8 * DAY, log)
    _attach(state, story, ben, now - 4 * DAY, archive)
    bug.watchers = [ada, ben, cleo]
    for kind, source, target in (
        ("10000", "DEMO-3", "DEMO-15"),
        ("10002", "DEMO-21", "DEMO-3"),
        ("10003", "DEMO-3", "SEC-1"),
        ("10003", "DEMO-22", "OPS-1"),
    ):
        number = state.new_id()
        state.links[number] = Link(
            id=number,
            type=kind,
            source=_issue(state, source).id,
            target=_issue(state, target).id,
        )
    bug.remote_links.append(
        RemoteLink(
            id=state.new_id(),
            global_id="system=https://www.example.com/support&id=77",
            relationship="is reported in",
            application={"type": "com.example.support", "name": "Support desk"},
            target={
                "url": "https://www.example.com/support/77",
                "title": "Ticket 77",
                "summary": "My total is not a number",
                "status": {"resolved": False},
            },
        )
    )


def _issue(state: SiteState, key: str) -> Issue:
    return next(issue for issue in state.issues.values() if issue.key == key)


def _comment(state: SiteState, issue: Issue, author: str, at: float, words: str) -> None:
    issue.comments.append(
        Comment(id=state.new_id(), author=author, body=document(words), created=at, updated=at)
    )


def _worklog(
    state: SiteState, issue: Issue, author: str, at: float, hours: int, *, words: str | None = None
) -> None:
    issue.worklogs.append(
        Worklog(
            id=state.new_id(),
            author=author,
            seconds=hours * HOUR,
            started=at,
            created=at,
            updated=at,
            comment=document(words) if words else None,
        )
    )


def _attach(state: SiteState, issue: Issue, author: str, at: float, file: Upload) -> None:
    issue.attachments.append(
        Attachment(
            id=state.new_id(),
            author=author,
            filename=file.filename,
            media_type=file.media_type,
            content=file.content,
            created=at,
        )
    )
