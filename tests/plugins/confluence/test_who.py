"""People by name, e-mail address or account id, wherever a person is meant."""

from typing import Any

import pytest
from fakes.confluence_user import ADA, BEN, PageId, User
from pydantic import BaseModel

from telamon.plugin import Answer, InvalidArgument
from telamon.plugin.testing import DEMO_SITE, FakeApi, FakeCall
from telamon_confluence.client import Confluence
from telamon_confluence.settings import ConfluenceSettings
from telamon_confluence.who import account, accounts

SEARCH = ("GET", "/wiki/rest/api/search/user")
BULK = ("POST", "/wiki/api/v2/users-bulk")


@pytest.mark.parametrize(
    "named", ["Ben Example", "ben example", "ben@example.com", "Ben", BEN.account_id]
)
async def test_somebody_is_found_by_name_address_or_id(ada: User, named: str) -> None:
    found = await accounts(ada.client, FakeCall(), [named, "me", named])

    assert found == {named: BEN.account_id, "me": ADA.account_id}


async def test_an_account_id_costs_no_request(ada: User) -> None:
    await accounts(ada.client, FakeCall(), [BEN.account_id, "712020:ab-cd", "me"])

    assert ada.api.requests == []


async def test_nobody_is_meant_where_nobody_is_named(ada: User) -> None:
    assert await account(ada.client, FakeCall(), None) is None


@pytest.mark.parametrize("named", ["Nobody", "nobody@example.com", "Zoe Nobody"])
async def test_a_name_that_finds_nobody_is_refused(ada: User, named: str) -> None:
    with pytest.raises(InvalidArgument, match="finds nobody by"):
        await account(ada.client, FakeCall(), named)


def _confluence(*people: dict[str, Any], known: str | None = None) -> Confluence:
    bulk = {"results": [{"accountId": known, "displayName": "K"}] if known else []}
    answers = {SEARCH: {"results": [{"user": each} for each in people]}, BULK: bulk}
    return Confluence(api=FakeApi(answers=answers, site=DEMO_SITE), settings=ConfluenceSettings())


def _person(number: int, name: str, **more: str) -> dict[str, Any]:
    return {"accountId": f"a{number}", "displayName": name, **more}


async def test_what_looks_like_an_odd_account_id_is_checked() -> None:
    assert await account(_confluence(known="ug-42"), FakeCall(), "ug-42") == "ug-42"


async def test_an_address_never_means_somebody_whose_address_is_another() -> None:
    other = _person(1, "Ben Other", email="ben@elsewhere.example.com")

    with pytest.raises(InvalidArgument, match="who show theirs"):
        await account(_confluence(other), FakeCall(), "ben@example.com")


async def test_apps_are_nobody() -> None:
    app = _person(1, "Ben Bot", accountType="app")

    assert await account(_confluence(app, _person(2, "Ben B")), FakeCall(), "Ben") == "a2"


async def test_the_whole_name_goes_before_its_beginning() -> None:
    found = _confluence(_person(1, "Ann"), _person(2, "Ann Marie"))

    assert await account(found, FakeCall(), "ann") == "a1"


async def test_an_ambiguous_name_is_refused_with_the_candidates_where_nobody_can_be_asked() -> None:
    several = _confluence(_person(1, "Ann A"), _person(2, "Ann B"))

    with pytest.raises(InvalidArgument, match=r"Ann A \(account id a1\), Ann B .*account id a2"):
        await account(several, FakeCall(), "Ann")


async def test_too_many_candidates_are_no_choice() -> None:
    several = _confluence(*(_person(at, f"Ann {at}") for at in range(25)))

    with pytest.raises(InvalidArgument, match="and 5 or more others"):
        await account(several, Asked("Ann 3 (a3)"), "Ann")


class Asked(FakeCall):
    """A call whose user answers with one person, or not at all."""

    def __init__(self, person: str | None) -> None:
        super().__init__()
        self._person = person

    async def ask(self, key: str, question: str, answer: type[Any], /) -> Answer[Any]:
        assert key.startswith("person ")
        assert question == "Who is meant by 'Ann'?"
        assert issubclass(answer, BaseModel)
        if self._person is None:
            return Answer(action="decline")
        return Answer(action="accept", value=answer(person=self._person))


async def test_an_ambiguous_name_is_put_to_the_user() -> None:
    several = _confluence(_person(1, "Ann A"), _person(2, "Ann B", email="b@example.com"))

    assert await account(several, Asked("Ann B (b@example.com)"), "Ann") == "a2"
    for nobody in (None, "Somebody else"):
        with pytest.raises(InvalidArgument, match="pass the account id"):
            await account(several, Asked(nobody), "Ann")


async def test_tasks_permissions_and_restrictions_take_names(ada: User, page_id: PageId) -> None:
    number = page_id("Glossary")
    may = await ada.read(
        "checkConfluencePermission", pageId=number, operation="read", accountId="Ben Example"
    )
    tasks = await ada.read("listConfluenceTasks", assignedTo="Ben Example", createdBy="me")
    rights = await ada.read(
        "setConfluencePageRestrictions", pageId=number, updateUsers="ben@example.com"
    )

    assert may["accountId"] == BEN.account_id
    assert {task["assignedTo"]["name"] for task in tasks["tasks"]} <= {"Ben Example"}
    assert {user["name"] for user in rights["restrictions"]["update"]["users"]} == {
        "Ada Example",
        "Ben Example",
    }


async def test_a_person_is_looked_up_by_an_address(ada: User) -> None:
    found = await ada.read("lookupConfluenceUser", query="BEN@example.com")
    others = await ada.read("lookupConfluenceUser", query="ben@elsewhere.example.com")

    assert [each["name"] for each in found["people"]] == ["Ben Example"]
    assert found["totalSize"] == 1
    assert [each["email"] for each in others["people"]] == ["ben@example.com"]
