"""The longer texts of the seed data, as ADF documents that use most of what Jira allows."""

import base64
from typing import Any

Node = dict[str, Any]

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAYAAABytg0kAAAAFElEQVR4nGP8z8Dwn4GBgYGJAQoAHxgCAYMlxUgA"
    "AAAASUVORK5CYII="
)
"""A PNG of two by two pixels."""
EMPTY_ZIP = b"PK\x05\x06" + b"\0" * 18
LOG = b"2026-03-02 09:15:27 ERROR checkout: total is NaN\n  at cart.total (cart.js:42)\n"


def text(value: str, *marks: str, href: str | None = None) -> Node:
    """Return a text node; *marks* are simple ones."""
    made: list[Node] = [{"type": mark} for mark in marks]
    if href:
        made.append({"type": "link", "attrs": {"href": href}})
    return {"type": "text", "text": value, **({"marks": made} if made else {})}


def _block(kind: str, *content: Node, **attrs: Any) -> Node:
    return {"type": kind, **({"attrs": attrs} if attrs else {}), "content": list(content)}


def paragraph(*content: Node | str) -> Node:
    """Return a paragraph of texts and inline nodes."""
    return _block("paragraph", *(text(c) if isinstance(c, str) else c for c in content))


def document(*content: Node | str) -> Node:
    """Return a document; plain strings become paragraphs."""
    blocks = [paragraph(c) if isinstance(c, str) else c for c in content]
    return {"type": "doc", "version": 1, "content": blocks}


def heading(level: int, title: str) -> Node:
    """Return a heading."""
    return _block("heading", text(title), level=level)


def bullets(*entries: Node | str) -> Node:
    """Return a bullet list; an entry may be a nested list's paragraph."""
    return _block("bulletList", *(_entry(entry) for entry in entries))


def steps(*entries: str) -> Node:
    """Return a numbered list."""
    return _block("orderedList", *(_entry(entry) for entry in entries), order=1)


def _entry(entry: Node | str) -> Node:
    return entry if isinstance(entry, dict) else _block("listItem", paragraph(entry))


def mention(account_id: str, name: str) -> Node:
    """Return a mention of somebody."""
    return {"type": "mention", "attrs": {"id": account_id, "text": f"@{name}", "accessLevel": ""}}


def _cell(kind: str, words: str) -> Node:
    return _block(kind, paragraph(words))


def checkout_bug(account_id: str, name: str) -> Node:
    """Return a bug report with steps, a trace, a panel, a table and a file."""
    return document(
        heading(2, "What happens"),
        paragraph(
            "The order total shows ",
            text("NaN", "code"),
            " after a ",
            text("voucher", "strong"),
            " is removed. Reported by ",
            mention(account_id, name),
            " on ",
            {"type": "date", "attrs": {"timestamp": "1772409600000"}},
            ". State: ",
            {
                "type": "status",
                "attrs": {"text": "CONFIRMED", "color": "red", "localId": "status-1"},
            },
            {"type": "hardBreak"},
            text("Only", "em"),
            " with vouchers of fixed value.",
        ),
        heading(3, "Steps"),
        steps("Put two items into the cart", "Apply the voucher SPRING", "Remove the voucher"),
        _block(
            "codeBlock",
            text("const total = items.reduce((sum, item) => sum + item.price, undefined)"),
            language="javascript",
        ),
        _block(
            "panel", paragraph("Orders can still be paid: the server checks."), panelType="info"
        ),
        _block(
            "table",
            _block("tableRow", _cell("tableHeader", "Browser"), _cell("tableHeader", "Seen")),
            _block("tableRow", _cell("tableCell", "Firefox"), _cell("tableCell", "yes")),
            _block("tableRow", _cell("tableCell", "Safari"), _cell("tableCell", "no")),
            isNumberColumnEnabled=False,
            layout="default",
        ),
        _block(
            "mediaSingle",
            {
                "type": "media",
                "attrs": {"id": "media-1", "type": "file", "collection": "", "alt": "cart.png"},
            },
            layout="center",
        ),
    )


def release_plan() -> Node:
    """Return a plan with tasks, an expand, a decision, a quote, a rule, cards and an emoji."""
    return document(
        paragraph(
            "Everything for 2.0 ",
            {"type": "emoji", "attrs": {"shortName": ":rocket:", "text": "🚀"}},
            ", see ",
            text("the launch page", href="https://www.example.com/launch"),
            " and ",
            {"type": "inlineCard", "attrs": {"url": "https://www.example.com/plan"}},
            ".",
        ),
        _block(
            "taskList",
            {
                "type": "taskItem",
                "attrs": {"localId": "task-1", "state": "DONE"},
                "content": [text("Choose the date")],
            },
            {
                "type": "taskItem",
                "attrs": {"localId": "task-2", "state": "TODO"},
                "content": [text("Write the announcement")],
            },
            localId="tasks",
        ),
        _block(
            "decisionList",
            {
                "type": "decisionItem",
                "attrs": {"localId": "decision-1", "state": "DECIDED"},
                "content": [text("No release on a Friday")],
            },
            localId="decisions",
        ),
        _block("expand", paragraph("Vouchers, guest checkout, dark mode."), title="Scope"),
        _block("blockquote", paragraph("Small and often.")),
        {"type": "rule"},
        bullets(
            _block("listItem", paragraph("Before"), bullets("Freeze", "Translate")),
            "After",
        ),
        paragraph(
            text("old idea", "strike"),
            ", H",
            {
                "type": "text",
                "text": "2",
                "marks": [{"type": "subsup", "attrs": {"type": "sub"}}],
            },
            "O, ",
            text("underlined", "underline"),
        ),
    )


def guest_checkout() -> Node:
    """Return a story with acceptance criteria and a warning."""
    return document(
        "As a visitor I want to order without an account, so that I am done sooner.",
        _block("panel", paragraph("Not for vouchers on account."), panelType="warning"),
        bullets("Address and e-mail are asked for once", "The order can be found by its number"),
    )
