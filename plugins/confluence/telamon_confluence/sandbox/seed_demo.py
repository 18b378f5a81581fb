"""The DEMO space: documentation of a made-up ferry booking service, with every kind of content."""

import base64

from telamon_confluence.sandbox.documents import (
    bodied_macro,
    bullets,
    code,
    columns,
    date,
    doc,
    expand,
    head,
    link,
    macro,
    media,
    mention,
    numbers,
    panel,
    para,
    status,
    table,
    tasks,
    text,
)
from telamon_confluence.sandbox.planting import Planter
from telamon_confluence.sandbox.records import Content, Space

CHART_ID = "6e7c7f2c-dd7a-499c-bceb-6f32bfbf30b5"
_CHART = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAFUlEQVR4nGNkYPjPgA0wYRUdtBIA"
    "Kx0BDzm6YScAAAAASUVORK5CYII="
)
_FARES = b"route,adult,child\nNorth Pier,12.50,6.00\nSouth Pier,9.00,4.50\n"


def plant_documentation(planter: Planter) -> Space:
    """Plant the space, its tree of pages, its blog, comments, files and templates."""
    space = planter.space(
        "DEMO", "Demo documentation", "How the ferry booking service works.", labels=("product",)
    )
    home = planter.content(
        space,
        "Demo documentation",
        doc(
            para("Welcome to the documentation of the ferry booking service."),
            macro("toc", "toc-home", maxLevel="3"),
            head(2, "Where to start"),
            bullets("Release plan: what comes next", "Runbooks: what to do at night"),
            macro("children", "children-home", all="true"),
        ),
        days=390,
        views=240,
    )
    space.homepage = home.id
    _plans(planter, space, home)
    _runbooks(planter, space, home)
    _reference(planter, space, home)
    _blog(planter, space)
    planter.template(
        "Meeting notes",
        "Notes of a meeting with decisions and tasks",
        "<h2>Who was there</h2><p>Names</p><h2>Decisions</h2><ul><li>First</li></ul>",
        space,
    )
    planter.template(
        "Decision record", "One decision and why it was made", "<h2>Context</h2><p></p>"
    )
    return space


def _plans(planter: Planter, space: Space, home: Content) -> None:
    ada, ben = planter.first, planter.second
    goals = head(2, "Goals")
    first = doc(goals, para("Ship version 2 of the booking page."))
    second = doc(goals, para("Ship version 2 of the booking page before the summer timetable."))
    plan = planter.content(
        space,
        "Release plan",
        first,
        second,
        doc(
            panel("info", para("This plan is reviewed every Monday.")),
            goals,
            para(
                "Ship ",
                text("version 2", "strong"),
                " of the booking page before the summer timetable starts. Owner: ",
                mention(ada.account_id, ada.name),
                ", state: ",
                status("IN PROGRESS", "blue", "state-plan"),
            ),
            head(2, "Milestones"),
            table(
                ("Milestone", "Due", "State"),
                ("Seat map", para(date(planter.ago(-20))), para(status("DONE", "green", "s1"))),
                ("Payment by invoice", para(date(planter.ago(-40))), "In review"),
                ("Group bookings", "After the summer", "Not started"),
            ),
            head(2, "Open work"),
            tasks(
                "tasks-plan",
                ("task-1", "DONE", ["Agree on the seat map with the harbour office"]),
                ("task-2", "TODO", [mention(ben.account_id, ben.name), " test refunds by card"]),
                ("task-3", "TODO", ["Write the announcement"]),
            ),
            macro("jira", "jira-plan", jqlQuery="project = DEMO AND fixVersion = 2.0"),
            head(2, "Risks"),
            para("The payment provider changes its interface in the same month."),
        ),
        parent=home,
        days=60,
        labels=("planning", "release"),
        views=87,
    )
    planter.file(plan, "plan.png", "image/png", _CHART, file_id=CHART_ID, comment="Chart")
    asked = planter.footer(plan, ben, "Do we still need the invoice milestone before summer?")
    planter.reply(asked, ada, "Yes, two harbours asked for it.")
    planter.footer(plan, ada, "Moved the seat map forward by a week.", days=2)
    provider = planter.inline(
        plan, ben, "payment provider", "Which one? We talk to two of them.", days=3
    )
    planter.reply(provider, ada, "The one for cards.", days=2)
    planter.inline(plan, ada, "every Monday", "Tuesdays from June on.", resolution="resolved")
    planter.content(
        space,
        "Roadmap",
        doc(
            head(2, "This year"),
            columns(
                [head(3, "First half"), bullets("Seat map", "Invoices")],
                [head(3, "Second half"), bullets("Group bookings", "Bicycles on board")],
            ),
            media(CHART_ID, f"contentId-{plan.id}", "plan.png"),
        ),
        parent=plan,
        days=50,
        labels=("planning",),
    )
    folder = planter.content(space, "Decisions", kind="folder", parent=plan, days=45)
    for title, reason in (
        ("Decision: one booking page", "Two pages drifted apart, and travellers noticed."),
        ("Decision: cents, not euros", "Amounts are whole numbers of cents everywhere."),
        ("Decision: no accounts for guests", "Most people book once a year."),
    ):
        planter.content(
            space,
            title,
            doc(head(2, "Context"), para(reason), head(2, "Decision"), para("Agreed by all.")),
            parent=folder,
            days=40,
            labels=("decision",),
        )


def _runbooks(planter: Planter, space: Space, home: Content) -> None:
    top = planter.content(
        space,
        "Runbooks",
        doc(
            para("What to do when something breaks."),
            bodied_macro("excerpt", "excerpt-1", para("Call the harbour office first.")),
        ),
        parent=home,
        days=200,
    )
    planter.content(
        space,
        "Booking page is down",
        doc(
            panel("warning", para("Tell the harbour office before you restart anything.")),
            head(2, "Check"),
            numbers("Open the status page", "Look at the error rate", "Read the last deployment"),
            head(2, "Restart"),
            code("bash", "ferryctl restart booking\nferryctl logs booking --since 10m"),
            expand("If that does not help", para("Roll back to the release before.")),
        ),
        parent=top,
        by=planter.second,
        days=120,
        labels=("runbook", "oncall"),
        views=310,
    )
    planter.content(
        space,
        "Refunds are stuck",
        doc(head(2, "Symptom"), para("Refunds stay in the state \u201cpending\u201d for an hour.")),
        parent=top,
        by=planter.second,
        days=100,
        labels=("runbook",),
    )
    planter.content(
        space,
        "On-call handover",
        doc(
            tasks(
                "tasks-handover",
                ("task-1", "TODO", ["Read the open incidents"]),
                ("task-2", "TODO", ["Check that the phone rings"]),
            )
        ),
        parent=top,
        days=30,
    )


def _reference(planter: Planter, space: Space, home: Content) -> None:
    top = planter.content(
        space, "Reference", doc(para("Facts that change rarely.")), parent=home, days=300
    )
    fares = planter.content(
        space,
        "Fares",
        doc(
            table(("Route", "Adult", "Child"), ("North Pier", "12.50", "6.00")),
            para("Prices in euros. See ", link("the tariff", "https://tariff.example.com/"), "."),
        ),
        parent=top,
        days=150,
        labels=("reference",),
    )
    planter.file(
        fares,
        "fares.csv",
        "text/csv",
        _FARES,
        file_id="0d4ad3a6-1b8e-4f47-9a0a-1f6a8b2ef001",
    )
    for title, said in (
        ("Glossary", "Berth: the place where a ferry lies."),
        ("Booking states", "New, paid, boarded, refunded."),
        ("Interface of the seat map", "GET /sailings/{id}/seats returns every seat."),
    ):
        planter.content(space, title, doc(para(said)), parent=top, days=140, labels=("reference",))


def _blog(planter: Planter, space: Space) -> None:
    news = planter.content(
        space,
        "The seat map is live",
        doc(para("Since this morning, travellers choose their seats themselves.")),
        kind="blogpost",
        by=planter.second,
        days=10,
        labels=("news",),
        views=140,
    )
    planter.footer(news, planter.first, "Well done!", days=9)
    planter.content(
        space,
        "A quiet summer for the on-call team",
        doc(para("Three calls in two months, none of them at night.")),
        kind="blogpost",
        days=35,
    )
