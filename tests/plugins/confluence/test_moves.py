import pytest
from fakes.confluence_user import PageId, User
from pydantic import ValidationError

from telamon.plugin import Conflict, Forbidden, InvalidArgument, NotFound, Rejected, Unavailable
from telamon.plugin.testing import FakeApi, FakeCall, InTurn
from telamon_confluence.client import Confluence
from telamon_confluence.long_work import follow
from telamon_confluence.settings import ConfluenceSettings
from telamon_confluence.tools.comment_edits import resolve_confluence_inline_comment
from telamon_confluence.tools.many_pages import copy_confluence_page
from telamon_confluence.tools.moves import restore_confluence_page_version


async def below(user: User, page: str) -> list[str]:
    answer = await user.read("getConfluencePageDescendants", pageId=page, depth=1)
    return [item["title"] for item in answer["descendants"]]


async def test_a_page_moves_into_another_with_all_below_it(ada: User, page_id: PageId) -> None:
    runbooks, reference = page_id("Runbooks"), page_id("Reference")

    moved = await ada.read("moveConfluencePage", pageId=runbooks, targetId=reference)

    assert moved["parentId"] == reference
    assert (await below(ada, reference))[-1] == "Runbooks"
    assert "On-call handover" in await below(ada, runbooks)


async def test_a_page_moves_beside_another(ada: User, page_id: PageId) -> None:
    top = page_id("Runbooks")

    await ada.call(
        "moveConfluencePage",
        pageId=page_id("On-call handover"),
        targetId=page_id("Booking page is down"),
        position="before",
    )
    first = await below(ada, top)
    await ada.call(
        "moveConfluencePage",
        pageId=page_id("On-call handover"),
        targetId=page_id("Booking page is down"),
        position="after",
    )

    assert first[:2] == ["On-call handover", "Booking page is down"]
    assert (await below(ada, top))[:2] == ["Booking page is down", "On-call handover"]


async def test_a_page_moves_into_a_folder_and_into_another_space(
    ada: User, page_id: PageId
) -> None:
    in_folder = await ada.read(
        "moveConfluencePage", pageId=page_id("Glossary"), targetId=page_id("Decisions")
    )
    elsewhere = await ada.read(
        "moveConfluencePage", pageId=page_id("Fares"), targetId=page_id("Holidays")
    )

    assert in_folder["parentId"] == page_id("Decisions")
    assert elsewhere["spaceKey"] == "TEAM"


async def test_a_page_is_never_moved_out_of_the_page_tree(ada: User, page_id: PageId) -> None:
    with pytest.raises(InvalidArgument, match="missing from the page tree"):
        await ada.call(
            "moveConfluencePage",
            pageId=page_id("Glossary"),
            targetId=page_id("Demo documentation"),
            position="after",
        )

    assert [sent.method for sent in ada.api.requests] == ["GET"]


async def test_a_page_is_not_moved_to_itself_or_below_itself(ada: User, page_id: PageId) -> None:
    with pytest.raises(InvalidArgument, match="to itself"):
        await ada.call("moveConfluencePage", pageId="7", targetId="7")
    with pytest.raises(Rejected, match="below or beside itself"):
        await ada.call(
            "moveConfluencePage", pageId=page_id("Runbooks"), targetId=page_id("On-call handover")
        )


async def test_somebody_who_may_only_read_cannot_move(ben: User, page_id: PageId) -> None:
    with pytest.raises(Forbidden):
        await ben.call(
            "moveConfluencePage", pageId=page_id("Holidays"), targetId=page_id("Meetings")
        )


@pytest.mark.row("SEC-I02")
@pytest.mark.parametrize("number", ["1/../2", "1?x", "../1"])
async def test_a_strange_target_never_reaches_a_request(ada: User, number: str) -> None:
    with pytest.raises(ValidationError):
        await ada.call("moveConfluencePage", pageId="1", targetId=number)

    assert ada.api.requests == []


async def test_a_page_is_copied_with_its_files_and_labels(ada: User, page_id: PageId) -> None:
    made = await ada.read(
        "copyConfluencePage",
        pageId=page_id("Fares"),
        parentId=page_id("Reference"),
        title="Fares of last year",
    )
    read = await ada.read("getConfluencePage", pageId=made["id"])
    files = await ada.read("listConfluenceAttachments", pageId=made["id"])

    assert read["labels"] == ["reference"]
    assert [file["filename"] for file in files["attachments"]] == ["fares.csv"]
    assert str(made["url"]).endswith("/Fares+of+last+year")


async def test_a_tree_is_copied_and_its_progress_reported(ada: User, page_id: PageId) -> None:
    answer = await ada.read(
        "copyConfluencePage",
        pageId=page_id("Runbooks"),
        parentId=page_id("Reference"),
        withDescendants=True,
        titlePrefix="Old: ",
    )

    assert answer["finished"] is True
    assert answer["id"] == page_id("Old: Runbooks")
    assert answer["title"] == "Old: Runbooks"
    assert str(answer["url"]).endswith("/Old%3A+Runbooks")
    assert answer["note"] is None
    assert {page["title"] for page in answer["pagesBelow"]} >= {"Old: On-call handover"}
    assert {page["id"] for page in answer["pagesBelow"]} >= {page_id("Old: On-call handover")}
    assert ada.progress.reported == [(50, 100, None), (100, 100, None)]
    assert "Old: Runbooks" in await below(ada, page_id("Reference"))
    assert "Old: On-call handover" in await below(ada, page_id("Old: Runbooks"))


@pytest.mark.parametrize("destination", [None, "8", "9"])
async def test_where_the_copied_tree_is_not_named_it_is_said_how_to_find_it(
    destination: str | None,
) -> None:
    done = task(
        100, finished=True, successful=True, additionalDetails={"destinationId": destination}
    )
    api = FakeApi(
        answers={
            ("POST", "/wiki/rest/api/content/1/pagehierarchy/copy"): {"id": "t"},
            ("GET", "/wiki/rest/api/longtask/t"): done,
            ("GET", "/wiki/api/v2/pages/8"): {"id": "8", "parentId": "77"},
            ("GET", "/wiki/api/v2/pages/8/descendants"): {"results": []},
            ("GET", "/wiki/api/v2/pages/9"): Unavailable("Try later."),
            ("GET", "/wiki/api/v2/pages/9/descendants"): {"results": []},
        }
    )
    user = User(api=api)  # type: ignore[arg-type]  # a User asks any Api

    answer = await copy_confluence_page.call(
        user.client, FakeCall(), {"pageId": "1", "parentId": "2", "withDescendants": True}
    )

    assert isinstance(answer, dict)
    assert answer["note"] == "The copy is below 2: getConfluencePageDescendants lists it."
    assert "id" not in answer


async def test_titles_that_would_be_taken_are_refused(ada: User, page_id: PageId) -> None:
    with pytest.raises(Rejected, match="already exists"):
        await ada.call(
            "copyConfluencePage",
            pageId=page_id("Runbooks"),
            parentId=page_id("Reference"),
            withDescendants=True,
        )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({}, "pass title"), ({"withDescendants": True, "title": "T"}, "pass titlePrefix")],
)
async def test_a_copy_says_which_title_it_needs(
    ada: User, arguments: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidArgument, match=said):
        await ada.call("copyConfluencePage", pageId="1", parentId="2", **arguments)

    assert ada.api.requests == []


async def test_archived_pages_leave_the_tree_and_the_search(ada: User, page_id: PageId) -> None:
    number = page_id("Booking states")

    answer = await ada.read("archiveConfluencePages", pageIds=[number])
    found = await ada.read("searchConfluenceUsingCql", cql='title = "Booking states"')

    assert answer["finished"] is True
    assert found["results"] == []
    assert "Booking states" not in await below(ada, page_id("Reference"))
    assert (await ada.read("getConfluencePage", pageId=number))["status"] == "archived"


async def test_a_page_is_archived_only_once(ada: User, page_id: PageId) -> None:
    number = page_id("Booking states")
    await ada.call("archiveConfluencePages", pageIds=[number])

    with pytest.raises(Rejected, match="Only current pages"):
        await ada.call("archiveConfluencePages", pageIds=[number])


async def test_an_old_version_becomes_the_newest(ada: User, page_id: PageId) -> None:
    number = page_id("Release plan")

    answer = await ada.read("restoreConfluencePageVersion", pageId=number, version=1)
    read = await ada.read("getConfluencePage", pageId=number)

    assert answer == {
        "id": number,
        "version": 4,
        "message": "Restored version 1",
        "url": f"{ada.api.site.url}/wiki/pages/viewpage.action?pageId={number}",
    }
    assert "Ship version 2 of the booking page." in read["body"]


async def test_a_version_that_never_was_is_not_restored(ada: User, page_id: PageId) -> None:
    with pytest.raises(NotFound, match="has no version 99, only 1 to 3"):
        await ada.call("restoreConfluencePageVersion", pageId=page_id("Release plan"), version=99)


async def test_a_restoring_that_confluence_refuses_keeps_its_own_words() -> None:
    api = FakeApi(
        answers={
            ("POST", "/wiki/rest/api/content/7/version"): Rejected("That is the newest."),
            ("GET", "/wiki/api/v2/pages/7/versions"): {"results": [{"number": 2}, {"number": 1}]},
        }
    )
    user = Confluence(api=api, settings=ConfluenceSettings())

    with pytest.raises(Rejected, match="That is the newest"):
        await restore_confluence_page_version.call(user, FakeCall(), {"pageId": 7, "version": 2})


async def test_a_folder_is_created_and_filled(ada: User, page_id: PageId) -> None:
    made = await ada.read(
        "createConfluenceFolder", spaceId="DEMO", title="Minutes", parentId=page_id("Reference")
    )
    await ada.call(
        "createConfluencePage", spaceId="DEMO", title="May", body="x", parentId=made["id"]
    )

    read = await ada.read("getConfluenceFolder", folderId=made["id"])

    assert read["parentId"] == page_id("Reference")
    assert [child["title"] for child in read["children"]] == ["May"]


async def test_a_folder_is_not_created_where_somebody_may_only_read(ben: User) -> None:
    with pytest.raises(Forbidden):
        await ben.call("createConfluenceFolder", spaceId="TEAM", title="Mine")


def task(percent: int, **more: object) -> dict[str, object]:
    return {"id": "t", "percentageComplete": percent, "finished": False, **more}


async def followed(
    *looks: dict[str, object], most: int = 3
) -> tuple[object, FakeCall, list[float]]:
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    call = FakeCall()
    confluence = Confluence(
        api=FakeApi(answers={("GET", "/wiki/rest/api/longtask/t"): InTurn(*looks)}),
        settings=ConfluenceSettings(long_task_looks=most),
        pause=pause,
    )
    return await follow(confluence, call, {"id": "t"}), call, waited


async def test_long_work_that_does_not_finish_in_time_is_said_to_go_on() -> None:
    answer, call, waited = await followed(task(10), task(10), task(20))

    assert isinstance(answer, dict)
    assert "goes on" in answer.pop("note")
    assert answer == {"taskId": "t", "finished": False, "percentageComplete": 20}
    assert [done for done, _, _ in call.reported] == [10, 20]
    assert waited == [1.0, 1.0, 1.0]


async def test_long_work_that_fails_says_why() -> None:
    broken = task(30, finished=True, successful=False, errors=[{"translation": "No space left"}])

    with pytest.raises(Rejected, match="No space left"):
        await followed(broken)
    with pytest.raises(Rejected, match="gave no reason"):
        await followed(task(30, finished=True, successful=False))


async def test_long_work_without_an_id_cannot_be_followed() -> None:
    confluence = Confluence(api=FakeApi(), settings=ConfluenceSettings())

    with pytest.raises(Unavailable):
        await follow(confluence, FakeCall(), {})


async def test_labels_are_added_once_and_removed(ada: User, page_id: PageId) -> None:
    number = page_id("Fares")

    added = await ada.read("addConfluenceLabels", pageId=number, labels=["money", "reference"])
    await ada.call("removeConfluenceLabel", pageId=number, label="reference")
    left = await ada.read("listConfluenceContentLabels", pageId=number)

    assert added["labels"] == ["reference", "money"]
    assert [label["name"] for label in left["labels"]] == ["money"]


async def test_a_label_that_is_not_there_cannot_be_removed(ada: User, page_id: PageId) -> None:
    with pytest.raises(NotFound):
        await ada.call("removeConfluenceLabel", pageId=page_id("Fares"), label="nothing")


@pytest.mark.parametrize("label", ["two words", "a,b", "", "what?", "a#b"])
async def test_a_label_that_confluence_refuses_never_reaches_a_request(
    ada: User, label: str
) -> None:
    with pytest.raises(ValidationError):
        await ada.call("addConfluenceLabels", pageId="1", labels=[label])

    assert ada.api.requests == []


async def test_a_task_is_ticked_on_its_page_and_unticked(ada: User, page_id: PageId) -> None:
    number = page_id("On-call handover")
    [first, _] = (await ada.read("listConfluenceTasks", pageId=number))["tasks"]

    done = await ada.read("updateConfluenceTask", taskId=first["id"], status="complete")
    page = await ada.read("getConfluencePage", pageId=number)
    reopened = await ada.read("updateConfluenceTask", taskId=first["id"], status="incomplete")

    assert done["status"] == "complete"
    assert done["completedBy"]["accountId"] == ada.api.account_id
    assert "[x] Read the open incidents" in page["body"]
    assert done["completedBy"]["name"] == "Ada Example"
    assert reopened["completedAt"] is None


async def test_a_comment_is_edited_by_its_author_only(
    ada: User, ben: User, page_id: PageId
) -> None:
    plan = page_id("Release plan")
    his = (await ada.read("getConfluencePageFooterComments", pageId=plan))["comments"][0]

    edited = await ben.read(
        "updateConfluenceComment", commentId=his["id"], commentType="footer", body="Settled."
    )

    assert edited["version"] == 2
    assert edited["author"]["name"] == edited["updatedBy"]["name"] == "Ben Example"
    assert edited["createdAt"] == his["createdAt"] < edited["updatedAt"]
    assert "body" not in edited
    again = await ada.read("getConfluencePageFooterComments", pageId=plan)
    assert again["comments"][0]["body"].strip() == "Settled."
    with pytest.raises(Forbidden):
        await ada.call(
            "updateConfluenceComment", commentId=his["id"], commentType="footer", body="No."
        )


async def test_an_edit_that_changes_nothing_makes_no_version(ben: User, page_id: PageId) -> None:
    plan = page_id("Release plan")
    his = (await ben.read("getConfluencePageFooterComments", pageId=plan))["comments"][0]

    same = await ben.read(
        "updateConfluenceComment", commentId=his["id"], commentType="footer", body=his["body"]
    )

    assert same["version"] == 1


async def test_an_inline_comment_is_resolved_and_reopened(ada: User, page_id: PageId) -> None:
    plan = page_id("Release plan")
    [comment] = (await ada.read("getConfluencePageInlineComments", pageId=plan))["comments"]

    resolved = await ada.read("resolveConfluenceInlineComment", commentId=comment["id"])
    again = await ada.read("resolveConfluenceInlineComment", commentId=comment["id"])
    reopened = await ada.read(
        "resolveConfluenceInlineComment", commentId=comment["id"], resolved=False
    )

    assert resolved["resolutionStatus"] == again["resolutionStatus"] == "resolved"
    assert again["version"] == resolved["version"] == 2
    assert reopened["resolutionStatus"] == "reopened"


async def test_a_comment_stays_its_authors_when_somebody_else_resolves_it(
    ada: User, page_id: PageId
) -> None:
    plan = page_id("Release plan")
    [his] = (await ada.read("getConfluencePageInlineComments", pageId=plan))["comments"]

    resolved = await ada.read("resolveConfluenceInlineComment", commentId=his["id"])
    again = await ada.read("resolveConfluenceInlineComment", commentId=int(his["id"]))
    settled = await ada.read(
        "getConfluencePageInlineComments", pageId=plan, resolutionStatus="resolved"
    )
    [listed] = [each for each in settled["comments"] if each["id"] == his["id"]]

    assert his["author"]["name"] == "Ben Example"
    assert his["updatedBy"] is None
    for shown in (resolved, again):
        assert shown["author"] == his["author"]
        assert shown["createdAt"] == his["createdAt"]
        assert shown["updatedBy"]["name"] == "Ada Example"
    assert listed["author"] is None
    assert listed["createdAt"] is None
    assert listed["updatedBy"]["name"] == "Ada Example"
    assert listed["updatedAt"] == resolved["updatedAt"]


async def test_a_comment_that_changed_meanwhile_is_a_conflict() -> None:
    path = "/wiki/api/v2/inline-comments/7"
    api = FakeApi(
        answers={
            ("GET", path): {"id": "7", "version": {"number": 1}, "resolutionStatus": "open"},
            ("PUT", path): Conflict("Version must be incremented"),
        }
    )
    user = Confluence(api=api, settings=ConfluenceSettings())
    with pytest.raises(Conflict, match="Nothing was written: the comment is at version 1"):
        await resolve_confluence_inline_comment.call(user, FakeCall(), {"commentId": "7"})
