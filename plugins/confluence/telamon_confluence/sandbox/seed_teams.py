"""The other spaces: a handbook that few may change, a private one, and a second site's."""

from telamon_confluence.sandbox.documents import bullets, doc, head, panel, para
from telamon_confluence.sandbox.planting import Planter
from telamon_confluence.sandbox.records import Space


def plant_handbook(planter: Planter) -> Space:
    """Plant TEAM: everybody reads it, only the first person changes it."""
    space = planter.space(
        "TEAM",
        "Team handbook",
        "How we work together.",
        writers=frozenset({planter.first.account_id}),
        labels=("people",),
    )
    home = planter.content(
        space, "Team handbook", doc(para("Start here in your first week.")), days=350
    )
    space.homepage = home.id
    first_week = planter.content(
        space,
        "Your first week",
        doc(
            head(2, "Day one"),
            bullets("Fetch your keys", "Meet the team"),
            head(2, "Day five"),
            para("Take a ferry as a traveller and write down what was confusing."),
        ),
        parent=home,
        days=300,
        labels=("onboarding",),
    )
    planter.footer(first_week, planter.first, "The keys are at the reception now.", days=20)
    for title, said in (
        ("Working hours", "Core hours are ten to three."),
        ("Holidays", "Tell the team two weeks ahead."),
        ("Meetings", "No meeting without notes."),
    ):
        planter.content(space, title, doc(para(said)), parent=home, days=280)
    locked = planter.content(
        space,
        "Salary bands",
        doc(panel("warning", para("For the leads only."))),
        parent=home,
        days=250,
    )
    locked.restricted = {"read": frozenset({planter.first.account_id})}
    return space


def plant_private(planter: Planter) -> Space:
    """Plant LEADS: only the first person sees it."""
    space = planter.space(
        "LEADS", "Leads only", "Plans of the leads.", readers=frozenset({planter.first.account_id})
    )
    home = planter.content(space, "Leads only", doc(para("Kept small on purpose.")), days=200)
    space.homepage = home.id
    planter.content(
        space,
        "Budget",
        doc(head(2, "Next year"), para("One more ferry, no new pier.")),
        parent=home,
        days=80,
    )
    return space


def plant_notes(planter: Planter) -> Space:
    """Plant NOTES, the only space of a small second site; only the first person uses it."""
    space = planter.space(
        "NOTES", "Notes", "Loose notes.", readers=frozenset({planter.first.account_id})
    )
    home = planter.content(space, "Notes", doc(para("Whatever needs a place.")), days=100)
    space.homepage = home.id
    planter.content(
        space, "Ideas", doc(bullets("Bicycles on board", "Night ferry")), parent=home, days=60
    )
    return space
