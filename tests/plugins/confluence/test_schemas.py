"""Arguments as models see them: ids with patterns, closed sets as enums, lists as lists."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fakes.confluence_user import TOOLS, PageId, User

ID = re.compile(
    r"(?:id|[a-z]Id|keys?|[a-z]Keys?|ids|[a-z]Ids|[a-z]Users|[a-z]Groups|[a-z]By|assignedTo)$"
)
"""How parameters are called that name one thing, or somebody."""
CLOSED = {
    "commentType",
    "contentFormat",
    "contentType",
    "depth",
    "descriptionFormat",
    "operation",
    "position",
    "resolutionStatus",
    "sort",
    "status",
    "subtype",
    "type",
}
FREE = {
    "body",
    "comment",
    "contentBase64",
    "cql",
    "cqlcontext",
    "cursor",
    "filename",
    "heading",
    "labels",
    "mediaType",
    "query",
    "section",
    "textSelection",
    "title",
    "titlePrefix",
    "versionMessage",
}
"""Texts of any kind; every other text is an id, a date or one of a closed set."""


def leaves(
    properties: Mapping[str, Any], inside: str = ""
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, schema in properties.items():
        for each in schema.get("anyOf", [schema]):
            leaf = each["items"] if each.get("type") == "array" else each
            if leaf.get("type") == "object":
                yield from leaves(leaf["properties"], f"{inside}{name}.")
            else:
                yield f"{inside}{name}", name, leaf


def _parameters() -> list[Any]:
    return [
        pytest.param(name, leaf, id=f"{tool}-{path}")
        for tool, declared in TOOLS.items()
        for path, name, leaf in leaves(declared.schema["properties"])
    ]


@pytest.mark.parametrize(("name", "leaf"), _parameters())
def test_every_argument_says_exactly_what_it_takes(name: str, leaf: dict[str, Any]) -> None:
    if name in CLOSED and name != "depth":
        assert leaf.get("enum"), f"{name} is a closed set"
    elif leaf.get("type") == "string" and ID.search(name):
        assert leaf.get("pattern"), f"{name} is an id"
        assert not re.search(leaf["pattern"], "\n"), "blank"
    elif leaf.get("type") == "string":
        exact = leaf.keys() & {"pattern", "enum", "format"}
        assert exact or name in FREE, f"{name} takes anything"
    else:
        assert leaf["type"] in ("integer", "boolean")


def test_the_check_reaches_ids_in_lists_and_in_objects() -> None:
    names = {
        (tool, path)
        for tool, each in TOOLS.items()
        for path, _, _ in leaves(each.schema["properties"])
    }

    assert ("archiveConfluencePages", "pageIds") in names
    assert ("setConfluencePageRestrictions", "readUsers") in names
    assert ("createConfluenceInlineComment", "inlineCommentProperties.textSelection") in names
    assert all(ID.search(name) for name in ("pageId", "assignedTo", "favoritedBy", "spaceKey"))


@pytest.mark.parametrize("labels", ["money", "money, ferries", ["money", "ferries"]])
async def test_labels_may_come_as_one_text(ada: User, page_id: PageId, labels: Any) -> None:
    answer = await ada.read("addConfluenceLabels", pageId=page_id("Glossary"), labels=labels)

    assert set(answer["labels"]) >= {"money"}
    assert ("ferries" in answer["labels"]) == ("ferries" in labels)


async def test_spaces_are_filtered_by_one_text_one_number_or_a_list(ada: User) -> None:
    [space] = (await ada.read("getConfluenceSpaces", keys="DEMO"))["spaces"]

    for more in (
        {"ids": space["id"]},
        {"ids": int(space["id"])},
        {"ids": [int(space["id"])]},
        {"ids": f"{space['id']},999"},
        {"keys": ["DEMO"]},
    ):
        found = await ada.read("getConfluenceSpaces", **more)
        assert [each["key"] for each in found["spaces"]] == ["DEMO"]
