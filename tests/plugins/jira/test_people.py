"""Finding people."""

import pytest
from fakes.jira_api import Sandbox
from pydantic import ValidationError


@pytest.mark.parametrize("words", ["Ben", "example", "ben@example.com"])
async def test_people_are_found_by_name_or_address(jira: Sandbox, words: str) -> None:
    answer = await jira.call("lookupJiraAccountId", {"searchString": words})
    assert {
        "name": "Ben Example",
        "accountId": "5b10a0000000000000000002",
        "email": "ben@example.com",
        "timeZone": "Europe/Berlin",
    } in answer["users"]


async def test_nobody_is_an_empty_list(jira: Sandbox) -> None:
    assert await jira.call("lookupJiraAccountId", {"searchString": "Zoe"}) == {"users": []}
    with pytest.raises(ValidationError):
        await jira.call("lookupJiraAccountId", {"searchString": ""})


async def test_an_app_is_told_from_a_person(jira: Sandbox) -> None:
    answer = await jira.call("lookupJiraAccountId", {"searchString": "Automation"})
    assert answer["users"][0]["kind"] == "app"
