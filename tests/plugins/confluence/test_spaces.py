from typing import Any

import pytest
from fakes.confluence_user import User
from pydantic import ValidationError


async def test_spaces_are_listed_with_their_ids_keys_and_addresses(ada: User) -> None:
    answer = await ada.read("getConfluenceSpaces", sort="key")

    assert [space["key"] for space in answer["spaces"]] == ["DEMO", "LEADS", "TEAM"]
    demo = answer["spaces"][0]
    assert demo["name"] == "Demo documentation"
    assert demo["url"] == "https://ferry.example.com/wiki/spaces/DEMO"
    assert set(demo) == {
        "id",
        "key",
        "name",
        "type",
        "status",
        "homepageId",
        "description",
        "icon",
        "url",
    }
    assert len(ada.api.requests) == 1


async def test_a_space_that_somebody_may_not_see_is_not_listed_for_them(ben: User) -> None:
    answer = await ben.read("getConfluenceSpaces")

    assert {space["key"] for space in answer["spaces"]} == {"DEMO", "TEAM"}


async def test_the_next_page_of_spaces_is_reached_by_the_cursor_alone(ada: User) -> None:
    first = await ada.read("getConfluenceSpaces", limit=2, sort="key")
    second = await ada.read("getConfluenceSpaces", limit=2, sort="key", cursor=first["cursor"])

    assert [space["key"] for space in second["spaces"]] == ["TEAM"]
    assert second["cursor"] is None


@pytest.mark.parametrize("keys", ["DEMO,TEAM", ["DEMO", "TEAM"]])
async def test_keys_may_be_a_list_or_text(ada: User, keys: Any) -> None:
    answer = await ada.read("getConfluenceSpaces", keys=keys)

    assert {space["key"] for space in answer["spaces"]} == {"DEMO", "TEAM"}


async def test_spaces_are_found_by_id_and_label(ada: User) -> None:
    demo = (await ada.read("getConfluenceSpaces", labels="product"))["spaces"][0]
    same = await ada.read("getConfluenceSpaces", ids=[int(demo["id"])])

    assert [space["key"] for space in same["spaces"]] == ["DEMO"]


async def test_description_and_icon_come_only_when_they_are_asked_for(ada: User) -> None:
    bare = await ada.read("getConfluenceSpaces", keys="DEMO")
    full = await ada.read(
        "getConfluenceSpaces", keys="DEMO", descriptionFormat="plain", includeIcon=True
    )

    assert bare["spaces"][0]["description"] is None
    assert bare["spaces"][0]["icon"] is None
    assert full["spaces"][0]["description"] == "How the ferry booking service works."
    assert full["spaces"][0]["icon"] == "/images/logo/DEMO.svg"


@pytest.mark.parametrize(
    "arguments",
    [{"type": "secret"}, {"limit": 0}, {"limit": 251}, {"sort": "age"}],
)
async def test_arguments_outside_their_set_never_reach_a_request(
    ada: User, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        await ada.call("getConfluenceSpaces", **arguments)

    assert ada.api.requests == []
