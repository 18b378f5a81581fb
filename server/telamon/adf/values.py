"""The attributes of every node and mark: which there are, which must be there, what they may hold.

The facts have the same source as `model`, and the same test holds them against it.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .nodes import Node, as_list, as_node, attributes, kind

Check: TypeAlias = Callable[[Any], bool]
Shape: TypeAlias = Mapping[str, Check]
"""The checks by attribute name; a name that ends in `!` is required."""


def _string(value: Any) -> bool:
    return isinstance(value, str)


def _filled(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _anything(_value: Any) -> bool:
    return True


def _number(low: float = -math.inf, high: float = math.inf) -> Check:
    def check(value: Any) -> bool:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return low <= value <= high and (isinstance(value, int) or math.isfinite(value))

    return check


def _one_of(*choices: str) -> Check:
    return lambda value: isinstance(value, str) and value in choices


def _like(pattern: str) -> Check:
    found = re.compile(pattern).fullmatch
    return lambda value: isinstance(value, str) and found(value) is not None


def _list_of(check: Check, at_least: int = 0) -> Check:
    def checks(value: Any) -> bool:
        found = as_list(value)
        return found is not None and len(found) >= at_least and all(map(check, found))

    return checks


def _datasource(value: Any) -> bool:
    found = as_node(value) or {}
    return (
        set(found) == {"id", "parameters", "views"}
        and _string(found["id"])
        and _list_of(_view, 1)(found["views"])
    )


def _view(value: Any) -> bool:
    found = as_node(value) or {}
    return _string(found.get("type")) and set(found) <= {"type", "properties"}


_ID: Shape = {"localId": _string}
_LAYOUT = _one_of(
    "wide", "full-width", "center", "wrap-right", "wrap-left", "align-end", "align-start"
)
_VALIGN = _one_of("top", "middle", "bottom")
_HEX = _like("#[0-9a-fA-F]{6}")
_CELL: Shape = {
    **_ID,
    "colspan": _number(),
    "rowspan": _number(),
    "colwidth": _list_of(_number()),
    "background": _string,
    "valign": _VALIGN,
}
_INLINE_MACRO: Shape = {
    "extensionKey!": _filled,
    "extensionType!": _filled,
    "parameters": _anything,
    "text": _string,
    "localId": _filled,
}
_MACRO: Shape = {**_INLINE_MACRO, "layout": _one_of("wide", "full-width", "default")}
_SYNC: Shape = {"resourceId!": _string, "localId!": _string}
_FILE: Shape = {
    **_ID,
    "id!": _filled,
    "collection!": _string,
    "alt": _string,
    "occurrenceKey": _filled,
    "width": _number(),
    "height": _number(),
}
_TASK: Shape = {"localId!": _string, "state!": _one_of("TODO", "DONE")}
_TITLED: Shape = {**_ID, "title": _string}
_URL: Shape = {**_ID, "url!": _string}
_DATA: Shape = {**_ID, "data!": _anything}

NODES: dict[str, tuple[Shape, ...]] = {
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
    "heading": ({**_ID, "level!": _number(1, 6)},),
    "orderedList": ({**_ID, "order": _number(0)},),
    "codeBlock": (
        {
            **_ID,
            "language": _string,
            "uniqueId": _string,
            "wrap": _flag,
            "hideLineNumbers": _flag,
        },
    ),
    "panel": (
        {
            **_ID,
            "panelType!": _one_of("info", "note", "tip", "warning", "error", "success", "custom"),
            "panelIcon": _string,
            "panelIconId": _string,
            "panelIconText": _string,
            "panelColor": _string,
        },
    ),
    "expand": (_TITLED,),
    "nestedExpand": (_TITLED,),
    "taskList": ({"localId!": _string},),
    "taskItem": (_TASK,),
    "blockTaskItem": (_TASK,),
    "decisionList": ({"localId!": _string},),
    "decisionItem": ({"localId!": _string, "state!": _string},),
    "table": (
        {
            "localId": _filled,
            "displayMode": _one_of("default", "fixed"),
            "isNumberColumnEnabled": _flag,
            "layout": _one_of(
                "wide", "full-width", "center", "align-end", "align-start", "default"
            ),
            "width": _number(),
        },
    ),
    "tableCell": (_CELL,),
    "tableHeader": (_CELL,),
    "layoutColumn": ({**_ID, "width!": _number(0, 100), "valign": _VALIGN},),
    "mediaSingle": (
        {
            **_ID,
            "layout!": _LAYOUT,
            "width": _number(0, 100),
            "widthType": _one_of("percentage"),
        },
        {**_ID, "layout!": _LAYOUT, "width!": _number(0), "widthType!": _one_of("pixel")},
    ),
    "media": (
        {**_FILE, "type!": _one_of("link", "file")},
        {
            **_URL,
            "type!": _one_of("external"),
            "alt": _string,
            "width": _number(),
            "height": _number(),
        },
    ),
    "mediaInline": ({**_FILE, "type": _one_of("link", "file", "image"), "data": _anything},),
    "blockCard": (
        {
            **_ID,
            "datasource!": _datasource,
            "url": _string,
            "width": _number(),
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
            "width": _number(0, 100),
            "originalHeight": _number(),
            "originalWidth": _number(),
        },
    ),
    "extension": (_MACRO,),
    "bodiedExtension": (_MACRO,),
    "inlineExtension": (_INLINE_MACRO,),
    "syncBlock": (_SYNC,),
    "bodiedSyncBlock": (_SYNC,),
    "hardBreak": ({**_ID, "text": _one_of("\n")},),
    "date": ({**_ID, "timestamp!": _filled},),
    "emoji": ({**_ID, "shortName!": _string, "id": _string, "text": _string},),
    "mention": (
        {
            **_ID,
            "id!": _string,
            "text": _string,
            "accessLevel": _string,
            "userType": _one_of("DEFAULT", "SPECIAL", "APP"),
        },
    ),
    "placeholder": ({**_ID, "text!": _string},),
    "status": (
        {
            **_ID,
            "text!": _filled,
            "color!": _like("neutral|purple|blue|red|yellow|green|#[0-9a-fA-F]{6}"),
            "style": _string,
        },
    ),
}

MARKS: dict[str, Shape] = {
    **{name: {} for name in ["code", "em", "strike", "strong", "underline"]},
    "alignment": {"align!": _one_of("center", "end")},
    "annotation": {"id!": _string, "annotationType!": _one_of("inlineComment")},
    "backgroundColor": {"color!": _HEX},
    "border": {
        "size!": _number(1, 3),
        "color!": _like("#[0-9a-fA-F]{8}|#[0-9a-fA-F]{6}"),
    },
    "breakout": {"mode!": _one_of("wide", "full-width"), "width": _number()},
    "dataConsumer": {"sources!": _list_of(_string, 1)},
    "fontSize": {"fontSize!": _one_of("small")},
    "fragment": {"localId!": _filled, "name": _string},
    "indentation": {"level!": _number(1, 6)},
    "link": {
        "href!": _string,
        "title": _string,
        "id": _string,
        "collection": _string,
        "occurrenceKey": _string,
    },
    "subsup": {"type!": _one_of("sub", "sup")},
    "textColor": {"color!": _HEX},
}


def fits(attrs: Mapping[str, Any], shape: Shape) -> bool:
    """Whether the attributes are all known to the shape, well filled, and none is missing."""
    for name, check in shape.items():
        bare = name.removesuffix("!")
        if bare in attrs:
            if not check(attrs[bare]):
                return False
        elif bare != name:
            return False
    return all(name in shape or f"{name}!" in shape for name in attrs)


def selected(node_type: str, attrs: Mapping[str, Any]) -> Node | None:
    """The attributes that a node of this type may have, from those given; None if one is missing.

    Of several shapes that can be satisfied the one that keeps most is taken.
    """
    best: Node | None = None
    for shape in NODES[node_type]:
        kept = {
            name: value
            for name, value in attrs.items()
            if (check := shape.get(name) or shape.get(f"{name}!")) and check(value)
        }
        if fits(kept, shape) and (best is None or len(kept) > len(best)):
            best = kept
    return best


def mark_is_known(mark: Mapping[str, Any]) -> bool:
    """Whether the mark is one of the schema and has the attributes it must have."""
    shape = MARKS.get(kind(mark))
    if shape is None or not set(mark) <= {"type", "attrs"}:
        return False
    return fits(attributes(mark), shape) and ("attrs" not in mark or bool(shape))
