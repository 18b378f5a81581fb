"""The attributes of every node and mark: which there are, which must be there, what they may hold.

The facts have the same source as `model`, and the same test holds them against it.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

from .nodes import Node, as_node, attributes, kind
from .shapes import (
    Check,
    Shape,
    anything,
    filled,
    flag,
    like,
    list_of,
    number,
    one_of,
    shape,
    string,
)

_Checks: TypeAlias = Mapping[str, Check]
"""Checks by attribute name; a name that ends in `!` is required."""


def _datasource(value: Any) -> bool:
    found = as_node(value) or {}
    return (
        set(found) == {"id", "parameters", "views"}
        and string(found["id"])
        and list_of(_view, 1)(found["views"])
    )


def _view(value: Any) -> bool:
    found = as_node(value) or {}
    return string(found.get("type")) and set(found) <= {"type", "properties"}


_ID: _Checks = {"localId": string}
_LAYOUT = one_of(
    "wide", "full-width", "center", "wrap-right", "wrap-left", "align-end", "align-start"
)
_VALIGN = one_of("top", "middle", "bottom")
is_status_colour = like("neutral|purple|blue|red|yellow|green|#[0-9a-fA-F]{6}")
_HEX = like("#[0-9a-fA-F]{6}")
_CELL: _Checks = {
    **_ID,
    "colspan": number(),
    "rowspan": number(),
    "colwidth": list_of(number()),
    "background": string,
    "valign": _VALIGN,
}
_INLINE_MACRO: _Checks = {
    "extensionKey!": filled,
    "extensionType!": filled,
    "parameters": anything,
    "text": string,
    "localId": filled,
}
_MACRO: _Checks = {**_INLINE_MACRO, "layout": one_of("wide", "full-width", "default")}
_SYNC: _Checks = {"resourceId!": string, "localId!": string}
_FILE: _Checks = {
    **_ID,
    "id!": filled,
    "collection!": string,
    "alt": string,
    "occurrenceKey": filled,
    "width": number(),
    "height": number(),
}
_TASK: _Checks = {"localId!": string, "state!": one_of("TODO", "DONE")}
_TITLED: _Checks = {**_ID, "title": string}
_URL: _Checks = {**_ID, "url!": string}
_DATA: _Checks = {**_ID, "data!": anything}

_NODES: dict[str, tuple[_Checks, ...]] = {
    "doc": ({},),
    "text": ({},),
    "mediaGroup": ({},),
    **dict.fromkeys(
        [
            "paragraph",
            "blockquote",
            "bulletList",
            "caption",
            "layoutSection",
            "listItem",
            "rule",
            "tableRow",
        ],
        (_ID,),
    ),
    "heading": ({**_ID, "level!": number(1, 6)},),
    "orderedList": ({**_ID, "order": number(0)},),
    "codeBlock": (
        {
            **_ID,
            "language": string,
            "uniqueId": string,
            "wrap": flag,
            "hideLineNumbers": flag,
        },
    ),
    "panel": (
        {
            **_ID,
            "panelType!": one_of("info", "note", "tip", "warning", "error", "success", "custom"),
            "panelIcon": string,
            "panelIconId": string,
            "panelIconText": string,
            "panelColor": string,
        },
    ),
    "expand": (_TITLED,),
    "nestedExpand": (_TITLED,),
    "taskList": ({"localId!": string},),
    "taskItem": (_TASK,),
    "blockTaskItem": (_TASK,),
    "decisionList": ({"localId!": string},),
    "decisionItem": ({"localId!": string, "state!": string},),
    "table": (
        {
            "localId": filled,
            "displayMode": one_of("default", "fixed"),
            "isNumberColumnEnabled": flag,
            "layout": one_of("wide", "full-width", "center", "align-end", "align-start", "default"),
            "width": number(),
        },
    ),
    "tableCell": (_CELL,),
    "tableHeader": (_CELL,),
    "layoutColumn": ({**_ID, "width!": number(0, 100), "valign": _VALIGN},),
    "mediaSingle": (
        {
            **_ID,
            "layout!": _LAYOUT,
            "width": number(0, 100),
            "widthType": one_of("percentage"),
        },
        {**_ID, "layout!": _LAYOUT, "width!": number(0), "widthType!": one_of("pixel")},
    ),
    "media": (
        {**_FILE, "type!": one_of("link", "file")},
        {
            **_URL,
            "type!": one_of("external"),
            "alt": string,
            "width": number(),
            "height": number(),
        },
    ),
    "mediaInline": ({**_FILE, "type": one_of("link", "file", "image"), "data": anything},),
    "blockCard": (
        {
            **_ID,
            "datasource!": _datasource,
            "url": string,
            "width": number(),
            "layout": _LAYOUT,
        },
        _URL,
        _DATA,
    ),
    "inlineCard": (_URL, _DATA),
    "embedCard": (
        {
            **_URL,
            "layout!": _LAYOUT,
            "width": number(0, 100),
            "originalHeight": number(),
            "originalWidth": number(),
        },
    ),
    "extension": (_MACRO,),
    "bodiedExtension": (_MACRO,),
    "inlineExtension": (_INLINE_MACRO,),
    "syncBlock": (_SYNC,),
    "bodiedSyncBlock": (_SYNC,),
    "hardBreak": ({**_ID, "text": one_of("\n")},),
    "date": ({**_ID, "timestamp!": filled},),
    "emoji": ({**_ID, "shortName!": string, "id": string, "text": string},),
    "mention": (
        {
            **_ID,
            "id!": string,
            "text": string,
            "accessLevel": string,
            "userType": one_of("DEFAULT", "SPECIAL", "APP"),
        },
    ),
    "placeholder": ({**_ID, "text!": string},),
    "status": (
        {
            **_ID,
            "text!": filled,
            "color!": is_status_colour,
            "style": string,
        },
    ),
}

_MARKS: dict[str, _Checks] = {
    **{name: {} for name in ["code", "em", "strike", "strong", "underline"]},
    "alignment": {"align!": one_of("center", "end")},
    "annotation": {"id!": string, "annotationType!": one_of("inlineComment")},
    "backgroundColor": {"color!": _HEX},
    "border": {
        "size!": number(1, 3),
        "color!": like("#[0-9a-fA-F]{8}|#[0-9a-fA-F]{6}"),
    },
    "breakout": {"mode!": one_of("wide", "full-width"), "width": number()},
    "dataConsumer": {"sources!": list_of(string, 1)},
    "fontSize": {"fontSize!": one_of("small")},
    "fragment": {"localId!": filled, "name": string},
    "indentation": {"level!": number(1, 6)},
    "link": {
        "href!": string,
        "title": string,
        "id": string,
        "collection": string,
        "occurrenceKey": string,
    },
    "subsup": {"type!": one_of("sub", "sup")},
    "textColor": {"color!": _HEX},
}


NODES: dict[str, tuple[Shape, ...]] = {
    name: tuple(map(shape, choices)) for name, choices in _NODES.items()
}
"""The shapes of each node type; a node has to have one of them."""
_NOTHING_REQUIRED = frozenset(
    name for name, shapes in NODES.items() if not all(one.required for one in shapes)
)
MARKS: dict[str, Shape] = {name: shape(checks) for name, checks in _MARKS.items()}


def selected(node_type: str, attrs: Mapping[str, Any]) -> Node | None:
    """The attributes that a node of this type may have, from those given; None if one is missing.

    Of several shapes that can be satisfied the one that keeps most is taken.
    """
    if not attrs and node_type in _NOTHING_REQUIRED:
        return {}
    best: Node | None = None
    for choice in NODES[node_type]:
        kept = choice.kept(attrs)
        if kept.keys() >= choice.required and (best is None or len(kept) > len(best)):
            best = kept
    return best


def attributes_fit(node_type: str, attrs: Mapping[str, Any]) -> bool:
    """Whether a node of this type may have these attributes, all of them and no others."""
    if not attrs:
        return node_type in _NOTHING_REQUIRED
    return any(choice.fits(attrs) for choice in NODES[node_type])


def known_mark(mark: Mapping[str, Any]) -> Node:
    """A mark of a type that the schema has, without attributes that it may not have."""
    attrs = MARKS[kind(mark)].kept(attributes(mark))
    return {"type": kind(mark)} | ({"attrs": attrs} if attrs else {})


def mark_is_known(mark: Mapping[str, Any]) -> bool:
    """Whether the mark is one of the schema and has the attributes it must have."""
    known = MARKS.get(kind(mark))
    if known is None:
        return False
    if "attrs" not in mark:
        return len(mark) == 1 and not known.required
    return len(mark) == 2 and bool(known.checks) and known.fits(attributes(mark))
