"""Comments and work logs."""

from typing import Any

import pytest
from fakes.jira_api import ADA, BEN, Sandbox
from pydantic import ValidationError

from telamon.plugin import Forbidden, NotFound, Rejected


async def comments_of(jira: Sandbox, key: str, **arguments: Any) -> Any:
    return await jira.call("listJiraIssueComments", {"issueIdOrKey": key, **arguments})


async def test_comments_are_listed_newest_first_with_where_the_rest_is(jira: Sandbox) -> None:
    page = await comments_of(jira, "DEMO-20", maxResults=3)
    assert [c["body"] for c in page["comments"]] == [
        f"Draft {number} is attached." for number in (7, 6, 5)
    ]
    assert (page["startAt"], page["total"], page["isLast"]) == (0, 7, False)
    assert page["nextStartAt"] == 3
    rest = await comments_of(jira, "DEMO-20", startAt=6, orderBy="created")
    assert [c["body"] for c in rest["comments"]] == ["Draft 7 is attached."]
    assert rest["isLast"] is True
    assert "nextStartAt" not in rest


async def test_a_comment_is_added_as_markdown(jira: Sandbox) -> None:
    api = jira.api()
    answer = await jira.call(
        "addCommentToJiraIssue",
        {
            "issueIdOrKey": "DEMO-1",
            "commentBody": "See **this**",
            "commentVisibility": {"type": "role", "value": "Administrators"},
        },
        api=api,
    )
    assert len(api.requests) == 1
    assert answer["url"].startswith("https://first.example.com/browse/DEMO-1?focusedCommentId=")
    newest = (await comments_of(jira, "DEMO-1"))["comments"][0]
    assert newest["id"] == answer["id"]
    assert newest["body"] == "See **this**"
    assert newest["author"]["accountId"] == ADA.account_id
    assert newest["visibleTo"] == {"type": "role", "value": "Administrators"}


async def test_a_comment_is_replaced_by_its_id(jira: Sandbox) -> None:
    made = await jira.call(
        "addCommentToJiraIssue", {"issueIdOrKey": "DEMO-1", "commentBody": "first"}
    )
    jira.clock.now += 60
    await jira.call(
        "addCommentToJiraIssue",
        {"issueIdOrKey": "DEMO-1", "commentBody": "second", "commentId": made["id"]},
    )
    comments = (await comments_of(jira, "DEMO-1"))["comments"]
    assert [c["body"] for c in comments] == ["second"]
    assert comments[0]["updated"] > comments[0]["created"]


async def test_a_comment_of_somebody_else_is_not_replaced(jira: Sandbox) -> None:
    ada = (await comments_of(jira, "DEMO-4"))["comments"][0]
    with pytest.raises(Forbidden):
        await jira.call(
            "addCommentToJiraIssue",
            {"issueIdOrKey": "DEMO-4", "commentBody": "x", "commentId": ada["id"]},
            person=BEN,
        )
    with pytest.raises(NotFound):
        await jira.call(
            "addCommentToJiraIssue",
            {"issueIdOrKey": "DEMO-4", "commentBody": "x", "commentId": "1"},
        )


async def test_an_empty_comment_or_an_unknown_visibility_is_refused(jira: Sandbox) -> None:
    for arguments in (
        {"commentBody": ""},
        {"commentBody": "x", "commentVisibility": {"type": "team", "value": "y"}},
    ):
        with pytest.raises(ValidationError):
            await jira.call("addCommentToJiraIssue", {"issueIdOrKey": "DEMO-4", **arguments})


async def test_work_is_logged_and_listed(jira: Sandbox) -> None:
    api = jira.api()
    made = await jira.call(
        "addWorklogToJiraIssue",
        {
            "issueIdOrKey": "DEMO-3",
            "timeSpent": "1h 30m",
            "started": "2026-06-14T09:00:00+02:00",
            "commentBody": "*read*",
            "visibility": {"type": "group", "value": "staff"},
        },
        api=api,
    )
    assert api.requests[0].body["started"] == "2026-06-14T09:00:00.000+0200"
    assert made["timeSpent"] == "1h 30m"
    listed = await jira.call("listJiraIssueWorklogs", {"issueIdOrKey": "DEMO-3"})
    assert listed["total"] == 3
    assert listed["worklogs"][-1] == {
        "id": made["id"],
        "started": "2026-06-14T09:00:00.000+0200",
        "timeSpent": "1h 30m",
        "author": {"name": "Ada Example", "accountId": "5b10a0000000000000000001"},
        "visibleTo": {"type": "group", "value": "staff"},
        "comment": "*read*",
    }


async def test_logged_work_is_taken_off_the_estimate_unless_told_otherwise(jira: Sandbox) -> None:
    async def remaining() -> str:
        shown = await jira.call(
            "getJiraIssue", {"issueIdOrKey": "DEMO-3", "fields": ["timetracking"]}
        )
        return str(shown["fields"]["timetracking"]["remainingEstimate"])

    log = {"issueIdOrKey": "DEMO-3", "timeSpent": "1h"}
    await jira.call("addWorklogToJiraIssue", log)
    assert await remaining() == "4h"
    await jira.call("addWorklogToJiraIssue", {**log, "adjustEstimate": "leave"})
    assert await remaining() == "4h"
    await jira.call("addWorklogToJiraIssue", {**log, "adjustEstimate": "new", "newEstimate": "2d"})
    assert await remaining() == "2d"


async def test_a_work_log_is_changed_by_its_id(jira: Sandbox) -> None:
    made = await jira.call("addWorklogToJiraIssue", {"issueIdOrKey": "OPS-1", "timeSpent": "1h"})
    changed = await jira.call(
        "addWorklogToJiraIssue",
        {"issueIdOrKey": "OPS-1", "timeSpent": "2h", "worklogId": made["id"]},
    )
    assert changed["id"] == made["id"]
    assert changed["timeSpent"] == "2h"


@pytest.mark.parametrize(
    "wrong", [{"timeSpent": "soon"}, {"timeSpent": "1h", "started": "2026-06-14T09:00:00"}]
)
async def test_a_time_that_is_none_never_reaches_jira(jira: Sandbox, wrong: dict[str, str]) -> None:
    api = jira.api()
    with pytest.raises(ValidationError):
        await jira.call("addWorklogToJiraIssue", {"issueIdOrKey": "DEMO-3", **wrong}, api=api)
    assert api.requests == []


async def test_no_time_at_all_is_refused_by_jira(jira: Sandbox) -> None:
    with pytest.raises(Rejected, match="greater than zero"):
        await jira.call("addWorklogToJiraIssue", {"issueIdOrKey": "DEMO-3", "timeSpent": "0m"})


@pytest.mark.parametrize(
    ("written", "logged"), [("1h30m", "1h 30m"), ("1d 2h30m", "1d 2h 30m"), ("90m", "90m")]
)
async def test_a_duration_needs_no_blanks(jira: Sandbox, written: str, logged: str) -> None:
    api = jira.api()
    await jira.call(
        "addWorklogToJiraIssue",
        {
            "issueIdOrKey": "DEMO-3",
            "timeSpent": written,
            "adjustEstimate": "new",
            "newEstimate": written,
        },
        api=api,
    )
    assert api.requests[0].body == {"timeSpent": logged}
    assert (api.requests[0].query or {})["newEstimate"] == logged
