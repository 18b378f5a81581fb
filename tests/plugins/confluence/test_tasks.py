import pytest
from fakes.confluence_user import BEN, PageId, User
from pydantic import ValidationError

from telamon.plugin import InvalidArgument


async def test_the_tasks_of_a_page_are_listed_with_people_and_text(
    ada: User, page_id: PageId
) -> None:
    answer = await ada.read("listConfluenceTasks", pageId=page_id("Release plan"))

    assert [task["status"] for task in answer["tasks"]] == [
        "complete",
        "incomplete",
        "incomplete",
    ]
    assert answer["tasks"][1]["assignedTo"] == {
        "name": "Ben Example",
        "accountId": BEN.account_id,
    }
    assert answer["tasks"][2]["body"] == "Write the announcement"


async def test_tasks_are_narrowed_by_status_person_and_space(ada: User) -> None:
    his = await ada.read("listConfluenceTasks", assignedTo=BEN.account_id)
    opened = await ada.read("listConfluenceTasks", spaceId="DEMO", status="incomplete", limit=3)
    hers = await ada.read("listConfluenceTasks", createdBy=ada.api.account_id)

    assert len(his["tasks"]) == 1
    assert len(opened["tasks"]) == 3
    assert opened["cursor"] is not None
    assert len(hers["tasks"]) == 5


async def test_tasks_are_narrowed_by_the_day_they_are_due(ada: User, page_id: PageId) -> None:
    await ada.call(
        "updateConfluencePage",
        pageId=page_id("On-call handover"),
        body='- [ ] Ring <time datetime="2027-03-01">\n',
    )

    nothing = await ada.read("listConfluenceTasks", dueFrom="2030-01-01", dueTo="2030-12-31")

    assert nothing["tasks"] == []


@pytest.mark.parametrize("day", ["2027-02-30", "2027-13-01"])
async def test_a_day_that_is_none_is_refused_before_any_request(ada: User, day: str) -> None:
    with pytest.raises(ValidationError):
        await ada.call("listConfluenceTasks", dueFrom=day)

    assert ada.api.requests == []


async def test_a_strange_account_id_is_only_ever_searched_for_as_words(ada: User) -> None:
    with pytest.raises(InvalidArgument, match="finds nobody"):
        await ada.call("listConfluenceTasks", assignedTo="a/../b?x=")

    [sent] = ada.api.requests
    assert sent.path == "/wiki/rest/api/search/user"
    assert sent.query["cql"] == ['user.fullname ~ "a .. b x"']


async def test_the_tasks_of_what_somebody_may_not_see_are_not_listed(ada: User, ben: User) -> None:
    made = await ada.read(
        "createConfluencePage", spaceId="LEADS", title="Secret", body="- [ ] Hush"
    )

    hers = await ada.read("listConfluenceTasks", pageId=made["id"])
    his = await ben.read("listConfluenceTasks", pageId=made["id"])

    assert [task["body"] for task in hers["tasks"]] == ["Hush"]
    assert his["tasks"] == []
