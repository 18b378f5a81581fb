import json

import pytest

from telamon.plugin import Forbidden, World
from telamon.plugin.testing import FakeApi, product_conforms
from telamon_confluence import register_product
from telamon_confluence.client import Confluence
from telamon_confluence.settings import ConfluenceSettings

OFFICIAL = {
    "getConfluenceSpaces": {
        "ids",
        "keys",
        "type",
        "status",
        "labels",
        "favoritedBy",
        "notFavoritedBy",
        "sort",
        "descriptionFormat",
        "includeIcon",
        "cursor",
        "limit",
    },
    "getConfluencePage": {"pageId"},
    "getPagesInConfluenceSpace": {
        "spaceId",
        "limit",
        "cursor",
        "status",
        "title",
        "sort",
        "depth",
        "subtype",
    },
    "getConfluencePageFooterComments": {"pageId", "limit", "cursor", "status", "sort"},
    "getConfluencePageInlineComments": {
        "pageId",
        "limit",
        "cursor",
        "status",
        "resolutionStatus",
        "sort",
    },
    "getConfluencePageDescendants": {"pageId", "limit", "depth", "cursor"},
    "createConfluencePage": {"spaceId", "title", "parentId", "body", "isPrivate", "subtype"},
    "updateConfluencePage": {
        "pageId",
        "title",
        "status",
        "spaceId",
        "parentId",
        "body",
        "versionMessage",
    },
    "createConfluenceFooterComment": {
        "pageId",
        "parentCommentId",
        "attachmentId",
        "customContentId",
        "body",
    },
    "createConfluenceInlineComment": {
        "pageId",
        "parentCommentId",
        "body",
        "inlineCommentProperties",
    },
    "searchConfluenceUsingCql": {
        "cql",
        "cqlcontext",
        "cursor",
        "expand",
        "limit",
        "prev",
        "next",
    },
}
"""The parameters of Atlassian's own tools, without cloudId, which the server adds."""


def test_the_product_conforms_to_the_contract() -> None:
    product_conforms(register_product())


@pytest.mark.parametrize("name", sorted(OFFICIAL))
def test_a_tool_of_atlassians_own_list_takes_every_parameter_that_atlassians_takes(
    name: str,
) -> None:
    tool = next(tool for tool in register_product().tools if tool.name == name)

    assert OFFICIAL[name] <= set(tool.schema["properties"])


def test_every_listed_tool_is_described_in_few_words() -> None:
    listed = [tool for tool in register_product().tools if tool.listed]

    sizes = {
        tool.name: len(json.dumps(tool.schema, separators=(",", ":"))) + len(tool.description)
        for tool in listed
    }

    assert max(sizes.values()) < 1000
    assert sum(sizes.values()) < 625 * len(listed)


async def test_health_asks_for_one_space() -> None:
    api = FakeApi(answers={("GET", "/wiki/api/v2/spaces"): {"results": []}})
    product = register_product()
    assert product.health is not None

    await product.health(Confluence(api=api, settings=ConfluenceSettings()))

    assert [(r.method, r.path, r.query) for r in api.requests] == [
        ("GET", "/wiki/api/v2/spaces", {"limit": 1})
    ]


async def test_health_fails_where_confluence_cannot_be_used() -> None:
    api = FakeApi(answers={("GET", "/wiki/api/v2/spaces"): Forbidden("No Confluence here.")})
    product = register_product()
    assert product.health is not None

    with pytest.raises(Forbidden):
        await product.health(Confluence(api=api, settings=ConfluenceSettings()))


def test_the_emulator_is_loaded_only_when_the_sandbox_is_built(world: World) -> None:
    product = register_product()
    assert product.sandbox is not None

    assert product.sandbox(world).operations
