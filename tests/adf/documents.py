"""Hypothesis strategies for valid documents, grown from the content model."""

from typing import Any

from hypothesis import strategies as st

from telamon.adf import model

Node = dict[str, Any]

SPECIAL = st.sampled_from(
    [
        "*",
        "**",
        "_",
        "__",
        "~~",
        "`",
        "``",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        "{",
        "}",
        "!",
        "@",
        ":",
        "|",
        "\\",
        "#",
        "# ",
        "- ",
        "+ ",
        "1. ",
        "> ",
        "---",
        "===",
        "```",
        ":::",
        "&amp;",
        "&#32;",
        "<u>",
        "</u>",
        "<br>",
        "<details>",
        "<summary>",
        "[x] ",
        "[ ] ",
        "[!NOTE]",
        "<> ",
        "{align=center}",
        ":smile:",
        ":status[a]",
        ":adf{}",
        "https://example.com",
        "www.example.com",
        "a@example.com",
        "](x)",
        "]{color=#ff0000}",
        "[a]: b",
        "| --- |",
        "\n",
        "\r",
        "\t",
        "  ",
        "\xa0",
        "\u2028",
        "snake_case",
        "a * b",
        "!",
        "@[",
        "![",
        "</details>",
        "<p></p>",
        "<img src=//x.y/z>",
        "![a](//x.y/z)",
        "![a][b]",
        "<div>",
        "    x",
        "~~~",
        "$",
        "é",
        "日本",
        "😄",
        "\x01",
        "\x0b",
        "word",
        "a",
        " ",
        "<",
        "://",
    ]
)
TEXT = st.one_of(
    st.text(
        alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
        min_size=1,
        max_size=12,
    ),
    st.lists(SPECIAL, min_size=1, max_size=6).map("".join),
    st.sampled_from(["word", "two words", "Name:", "x", " lead", "trail "]),
)
IDS = st.one_of(
    st.sampled_from(["a1b2", "5b10a2844c20165700ede21g", "12", "true", "1e5", "null", "-"]), TEXT
)
URLS = st.one_of(
    st.sampled_from(
        [
            "https://example.com",
            "https://example.com/a_b(c)?d=e&f=g#h",
            "http://x.y/",
            "mailto:ada@example.com",
            "/relative",
            "#anchor",
            "",
            "https://example.com/a b",
            "https://example.com/[x]",
            "www.example.com",
            "http://www.example.com",
            "media:abc",
            "https://example.com/a|b",
            "https://example.com/`*_~",
            "https://x.y/<z>",
            "https://x.y/a\\b",
        ]
    ),
    TEXT.filter(lambda text: ":" not in text),
)
NUMBERS = st.one_of(st.integers(-5, 2000), st.floats(-5, 2000, allow_nan=False))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)
COLORS = st.sampled_from(["#ff0000", "#00B8D9", "#123456"])
LAYOUTS = st.sampled_from(
    ["wide", "full-width", "center", "wrap-right", "wrap-left", "align-end", "align-start"]
)


def attrs(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[Node]:
    return st.fixed_dictionaries(required, optional=optional)


LOCAL = {"localId": IDS}
FILLED = {"localId": st.sampled_from(["l1", "l-2", "3"])}
CELL = {
    **LOCAL,
    "colspan": st.integers(1, 3),
    "rowspan": st.integers(1, 2),
    "colwidth": st.lists(NUMBERS, max_size=3),
    "background": COLORS | TEXT,
    "valign": st.sampled_from(["top", "middle", "bottom"]),
}
MACRO = {"extensionKey": IDS, "extensionType": st.just("com.atlassian.macro")}
MACRO_MORE = {
    **FILLED,
    "parameters": JSON,
    "text": TEXT,
    "layout": st.sampled_from(["wide", "full-width", "default"]),
}
FILE = {
    **LOCAL,
    "alt": TEXT | st.just(""),
    "occurrenceKey": IDS,
    "width": NUMBERS,
    "height": NUMBERS,
}
DATASOURCE = st.fixed_dictionaries(
    {
        "id": IDS,
        "parameters": JSON,
        "views": st.lists(attrs({"type": TEXT}, {"properties": JSON}), min_size=1, max_size=2),
    }
)
URL_OR_DATA = attrs({"url": URLS}, LOCAL) | attrs({"data": JSON}, LOCAL)
SYNC = attrs({"resourceId": IDS, "localId": IDS}, {})
ITEM = attrs({"localId": IDS, "state": st.sampled_from(["TODO", "DONE"])}, {})
TITLED = attrs({}, {**LOCAL, "title": TEXT | st.just("")})
LOCAL_ONLY = attrs({}, LOCAL)
STAMPS = st.one_of(
    st.sampled_from(["1714521600000", "0", "-86400000", "1714521600001", "2024-05-01", "01"]), TEXT
)

ATTRS: dict[str, st.SearchStrategy[Node]] = {
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
        LOCAL_ONLY,
    ),
    "heading": attrs({"level": st.integers(1, 6)}, LOCAL),
    "orderedList": attrs(
        {}, {**LOCAL, "order": st.integers(0, 40) | st.just(2.5) | st.just(10**12)}
    ),
    "codeBlock": attrs(
        {},
        {
            **LOCAL,
            "language": st.sampled_from(["python", "c++", "adf", "", "plain text"]) | TEXT,
            "uniqueId": IDS,
            "wrap": st.booleans(),
            "hideLineNumbers": st.booleans(),
        },
    ),
    "panel": attrs(
        {
            "panelType": st.sampled_from(
                ["info", "note", "tip", "warning", "error", "success", "custom"]
            )
        },
        {
            **LOCAL,
            "panelIcon": TEXT,
            "panelIconId": IDS,
            "panelIconText": TEXT,
            "panelColor": COLORS | TEXT,
        },
    ),
    "expand": TITLED,
    "nestedExpand": TITLED,
    "taskList": attrs({"localId": IDS}, {}),
    "taskItem": ITEM,
    "blockTaskItem": ITEM,
    "decisionList": attrs({"localId": IDS}, {}),
    "decisionItem": attrs({"localId": IDS, "state": st.just("DECIDED") | TEXT}, {}),
    "table": attrs(
        {},
        {
            **FILLED,
            "displayMode": st.sampled_from(["default", "fixed"]),
            "isNumberColumnEnabled": st.booleans(),
            "layout": st.sampled_from(
                ["wide", "full-width", "center", "align-end", "align-start", "default"]
            ),
            "width": NUMBERS,
        },
    ),
    "tableCell": attrs({}, CELL),
    "tableHeader": attrs({}, CELL),
    "layoutColumn": attrs(
        {"width": st.floats(0, 100) | st.integers(0, 100)},
        {**LOCAL, "valign": st.sampled_from(["top", "middle", "bottom"])},
    ),
    "mediaSingle": attrs(
        {"layout": LAYOUTS},
        {**LOCAL, "width": st.integers(0, 100), "widthType": st.just("percentage")},
    )
    | attrs(
        {"layout": LAYOUTS, "width": st.integers(0, 2000), "widthType": st.just("pixel")}, LOCAL
    ),
    "media": attrs(
        {"type": st.sampled_from(["link", "file"]), "id": IDS, "collection": TEXT | st.just("")},
        FILE,
    )
    | attrs(
        {"type": st.just("external"), "url": URLS},
        {**LOCAL, "alt": TEXT | st.just(""), "width": NUMBERS, "height": NUMBERS},
    ),
    "mediaInline": attrs(
        {"id": IDS, "collection": TEXT | st.just("")},
        {**FILE, "type": st.sampled_from(["link", "file", "image"]), "data": JSON},
    ),
    "blockCard": URL_OR_DATA
    | attrs(
        {"datasource": DATASOURCE}, {**LOCAL, "url": URLS, "width": NUMBERS, "layout": LAYOUTS}
    ),
    "inlineCard": URL_OR_DATA,
    "embedCard": attrs(
        {"url": URLS, "layout": LAYOUTS},
        {
            **LOCAL,
            "width": st.integers(0, 100),
            "originalHeight": NUMBERS,
            "originalWidth": NUMBERS,
        },
    ),
    "extension": attrs(MACRO, MACRO_MORE),
    "bodiedExtension": attrs(MACRO, MACRO_MORE),
    "inlineExtension": attrs(
        MACRO, {key: MACRO_MORE[key] for key in ("localId", "parameters", "text")}
    ),
    "syncBlock": SYNC,
    "bodiedSyncBlock": SYNC,
    "hardBreak": attrs({}, {"text": st.just("\n"), **LOCAL}),
    "date": attrs({"timestamp": STAMPS}, LOCAL),
    "emoji": attrs(
        {"shortName": st.sampled_from([":smile:", ":+1:", ":e-mail:", ":1234:", "smile"]) | TEXT},
        {**LOCAL, "id": st.just("1f604") | IDS, "text": st.just("😄") | TEXT},
    ),
    "mention": attrs(
        {"id": IDS},
        {
            **LOCAL,
            "text": st.sampled_from(["@Ada Example", "Ada", "@", ""]) | TEXT,
            "accessLevel": st.just("") | TEXT,
            "userType": st.sampled_from(["DEFAULT", "SPECIAL", "APP"]),
        },
    ),
    "placeholder": attrs({"text": TEXT | st.just("")}, LOCAL),
    "status": attrs(
        {
            "text": st.sampled_from(["DONE", "IN PROGRESS"]) | TEXT,
            "color": st.sampled_from(["neutral", "purple", "blue", "red", "yellow", "green"])
            | COLORS,
        },
        {**LOCAL, "style": TEXT},
    ),
}

MARKS: dict[str, st.SearchStrategy[Node]] = {
    **dict.fromkeys(["code", "em", "strike", "strong", "underline"], st.builds(dict[str, Any])),
    "alignment": attrs({"align": st.sampled_from(["center", "end"])}, {}),
    "annotation": attrs({"id": IDS, "annotationType": st.just("inlineComment")}, {}),
    "backgroundColor": attrs({"color": COLORS}, {}),
    "border": attrs({"size": st.integers(1, 3), "color": COLORS | st.just("#12345678")}, {}),
    "breakout": attrs({"mode": st.sampled_from(["wide", "full-width"])}, {"width": NUMBERS}),
    "dataConsumer": attrs({"sources": st.lists(IDS, min_size=1, max_size=2)}, {}),
    "fontSize": attrs({"fontSize": st.just("small")}, {}),
    "fragment": attrs({"localId": st.sampled_from(["f1", "2"])}, {"name": TEXT | st.just("")}),
    "indentation": attrs({"level": st.integers(1, 6)}, {}),
    "link": attrs(
        {"href": URLS},
        {"title": TEXT | st.just(""), "id": IDS, "collection": TEXT, "occurrenceKey": TEXT},
    ),
    "subsup": attrs({"type": st.sampled_from(["sub", "sup"])}, {}),
    "textColor": attrs({"color": COLORS}, {}),
}


@st.composite
def marks(draw: st.DrawFn, allowed: frozenset[str]) -> list[Node]:
    names = (
        draw(st.lists(st.sampled_from(sorted(allowed)), max_size=3, unique=True)) if allowed else []
    )
    if {"alignment", "indentation"} <= set(names):
        names.remove("indentation")
    found = []
    for name in names:
        drawn = draw(MARKS[name])
        found.append({"type": name} | ({"attrs": drawn} if drawn else {}))
    if "annotation" in names and draw(st.booleans()):
        found.append({"type": "annotation", "attrs": draw(MARKS["annotation"])})
    return found


@st.composite
def text(draw: st.DrawFn, parent: str) -> Node:
    node: Node = {"type": "text", "text": draw(TEXT)}
    if parent == "codeBlock":
        return node
    found = draw(
        marks(draw(st.sampled_from([model.TEXT_MARKS, model.TEXT_MARKS, model.CODE_MARKS])))
    )
    if found and draw(st.integers(0, 9)) == 0:
        # A link that spells out its own address.
        href = draw(URLS)
        if href and not any(mark["type"] == "code" for mark in found):
            return {
                "type": "text",
                "text": href,
                "marks": [{"type": "link", "attrs": {"href": href}}],
            }
    return node | ({"marks": found} if found else {})


@st.composite
def node(draw: st.DrawFn, node_type: str, parent: str, depth: int) -> Node:
    if node_type == "text":
        return draw(text(parent))
    made: Node = {"type": node_type}
    if node_type in ATTRS:
        found = draw(ATTRS[node_type])
        if found or node_type == "nestedExpand":
            made["attrs"] = found
    if children := model.CONTENT.get(node_type):
        made["content"] = draw(content(node_type, children, depth - 1))
    carried = draw(marks(model.marks_allowed(parent, node_type)))
    return made | ({"marks": carried} if carried else {})


@st.composite
def content(draw: st.DrawFn, parent: str, children: frozenset[str], depth: int) -> list[Node]:
    if parent == "mediaSingle":
        kinds = ["media", "caption"] if draw(st.booleans()) else ["media"]
    else:
        low = {"layoutSection": 2, "doc": 1}.get(
            parent, 0 if parent in model.CONTENT_OPTIONAL else 1
        )
        high = {"layoutSection": 3}.get(parent, 3 if depth > 0 else max(low, 1))
        flat = children & {
            "paragraph",
            "text",
            "media",
            "listItem",
            "taskItem",
            "decisionItem",
            "tableRow",
            "tableCell",
            "tableHeader",
            "layoutColumn",
            "heading",
            "rule",
        }
        options = sorted(children if depth > 0 else flat or children)
        if "text" in options:
            options = [*options, *["text"] * len(options)]
        kinds = draw(st.lists(st.sampled_from(options), min_size=low, max_size=high))
    return [draw(node(each, parent, depth)) for each in kinds]


def documents(depth: int = 6) -> st.SearchStrategy[Node]:
    return content("doc", model.CONTENT["doc"], depth).map(
        lambda blocks: {"type": "doc", "version": 1, "content": blocks}
    )
