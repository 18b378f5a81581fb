"""The content model of ADF as tables: what each node may hold, carry and be marked with.

The facts are those of the JSON schema which Atlassian publishes in the npm package
`@atlaskit/adf-schema` (57.7.22, `full.json`, Apache-2.0); a test holds the tables against it.
"""

INLINE = frozenset(
    [
        "text",
        "date",
        "emoji",
        "hardBreak",
        "inlineCard",
        "inlineExtension",
        "mediaInline",
        "mention",
        "placeholder",
        "status",
    ]
)
MACROS = frozenset(
    {"extension", "bodiedExtension", "inlineExtension", "syncBlock", "bodiedSyncBlock"}
)
"""Nodes that run something or draw in other content: never made from text alone."""

_LISTS = "bulletList orderedList"
_PLAIN = "codeBlock mediaSingle mediaGroup extension"
_QUOTE = f"paragraph {_LISTS} {_PLAIN}"
_PANEL = f"{_QUOTE} heading blockCard taskList rule decisionList"
_NESTED = f"{_QUOTE} heading taskList rule decisionList panel blockquote"
_BODY = f"{_NESTED} table blockCard embedCard"
_CELL = f"{_NESTED} blockCard embedCard nestedExpand"
_COLUMN = f"{_BODY} expand bodiedExtension"
_SYNC = f"{_BODY} expand layoutSection"
_INLINE = " ".join(sorted(INLINE))

CONTENT: dict[str, frozenset[str]] = {
    parent: frozenset(children.split())
    for parent, children in {
        "doc": f"{_COLUMN} layoutSection syncBlock bodiedSyncBlock",
        "layoutSection": "layoutColumn",
        "layoutColumn": _COLUMN,
        "bodiedSyncBlock": _SYNC,
        "bodiedExtension": _BODY,
        "expand": f"{_BODY} nestedExpand",
        "nestedExpand": _NESTED,
        "panel": _PANEL,
        "blockquote": _QUOTE,
        "bulletList": "listItem",
        "orderedList": "listItem",
        "listItem": f"paragraph {_LISTS} taskList mediaSingle codeBlock extension",
        "taskList": "taskItem taskList blockTaskItem",
        "taskItem": _INLINE,
        "blockTaskItem": "paragraph extension",
        "decisionList": "decisionItem",
        "decisionItem": _INLINE,
        "table": "tableRow",
        "tableRow": "tableCell tableHeader",
        "tableCell": _CELL,
        "tableHeader": _CELL,
        "mediaSingle": "media caption",
        "mediaGroup": "media",
        "caption": " ".join(sorted(INLINE - {"inlineExtension", "mediaInline"})),
        "paragraph": _INLINE,
        "heading": _INLINE,
        "codeBlock": "text",
    }.items()
}
CONTENT["bodiedSyncBlock"] -= {"extension"}

LEAVES = frozenset(["blockCard", "embedCard", "extension", "media", "rule", "syncBlock"]) | INLINE
TYPES = frozenset(CONTENT) | LEAVES
CONTENT_OPTIONAL = frozenset(
    ["paragraph", "heading", "codeBlock", "caption", "taskItem", "decisionItem"]
)

TEXT_MARKS = frozenset(
    [
        "annotation",
        "backgroundColor",
        "em",
        "link",
        "strike",
        "strong",
        "subsup",
        "textColor",
        "underline",
    ]
)
CODE_MARKS = frozenset({"annotation", "code", "link"})
_MEDIA_MARKS = frozenset({"annotation", "border", "dataConsumer", "link"})
_DATA_MARKS = frozenset({"dataConsumer", "fragment"})
_NO_MARKS: frozenset[str] = frozenset()
_OWN_MARKS = {
    "media": _MEDIA_MARKS,
    "mediaInline": _MEDIA_MARKS,
    "mediaSingle": frozenset({"link"}),
    "extension": _DATA_MARKS,
    "bodiedExtension": _DATA_MARKS,
    "inlineExtension": _DATA_MARKS,
    "table": frozenset({"fragment"}),
    "layoutSection": frozenset({"breakout"}),
    "syncBlock": frozenset({"breakout"}),
    "bodiedSyncBlock": frozenset({"breakout"}),
}
_FONT = frozenset({"fontSize"})
_PLACED = frozenset({"alignment", "indentation"})
_BREAKOUT = frozenset({"breakout"})
_MARKS_BY_PARENT: dict[str, dict[str, frozenset[str]]] = {
    "doc": {
        "paragraph": _FONT | _PLACED,
        "heading": _PLACED,
        "codeBlock": _BREAKOUT,
        "expand": _BREAKOUT,
    },
    "layoutColumn": {"paragraph": _FONT | _PLACED, "heading": _PLACED},
    "bodiedSyncBlock": {"paragraph": _FONT | _PLACED, "heading": _PLACED},
    "tableCell": {"paragraph": _FONT | {"alignment"}, "heading": _PLACED},
    "tableHeader": {"paragraph": _FONT | {"alignment"}, "heading": _PLACED},
    **{
        parent: {"paragraph": _FONT}
        for parent in [
            "bodiedExtension",
            "expand",
            "nestedExpand",
            "panel",
            "listItem",
            "blockTaskItem",
        ]
    },
}


def marks_allowed(parent: str, child: str) -> frozenset[str]:
    """The marks that a child of this type may carry inside this parent (text nodes apart).

    `alignment` and `indentation` exclude each other wherever both are listed.
    """
    return _OWN_MARKS.get(child) or _MARKS_BY_PARENT.get(parent, {}).get(child, _NO_MARKS)
