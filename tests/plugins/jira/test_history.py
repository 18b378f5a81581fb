"""Changes and watchers."""

import pytest
from fakes.jira_api import ADA, BEN, Sandbox

from telamon.plugin import Forbidden, InvalidArgument, NotFound


async def test_changes_say_who_changed_what(jira: Sandbox) -> None:
    await jira.call(
        "editJiraIssue",
        {
            "issueIdOrKey": "DEMO-7",
            "fields": {"summary": "New", "labels": ["a", "b"], "customfield_10016": 13},
        },
        person=BEN,
    )
    page = await jira.call("listJiraIssueChangelogs", {"issueIdOrKey": "DEMO-7"})
    assert page["total"] == 1
    assert page["isLast"] is True
    entry = page["changelogs"][0]
    assert entry["author"]["accountId"] == BEN.account_id
    assert entry["changes"] == [
        {"field": "summary", "before": "Remember the payment method", "after": "New"},
        {"field": "labels", "before": "checkout", "after": "a b"},
        {"field": "Story points", "before": "5.0", "after": "13.0"},
    ]


async def test_long_texts_of_a_history_are_cut_and_say_so(jira: Sandbox) -> None:
    for number in range(10):
        text = f"{number}" * 30_000
        await jira.call(
            "editJiraIssue", {"issueIdOrKey": "DEMO-7", "fields": {"description": text}}
        )
    page = await jira.call("listJiraIssueChangelogs", {"issueIdOrKey": "DEMO-7"})
    issue = await jira.call(
        "getJiraIssue", {"issueIdOrKey": "DEMO-7", "fields": ["summary"], "expand": "changelog"}
    )
    for shown in (page["changelogs"], issue["changelog"]):
        texts = [change["after"] for entry in shown for change in entry["changes"]]
        assert len(texts) == 10
        assert all(
            text.endswith("more characters: read one at a time to see all of it]") for text in texts
        )
        assert len(str(shown)) < 250_000
    last = {"issueIdOrKey": "DEMO-7", "startAt": 9, "maxResults": 1}
    (alone,) = (await jira.call("listJiraIssueChangelogs", last))["changelogs"]
    assert alone["changes"][0]["after"] == text


async def test_a_change_to_the_same_value_is_none(jira: Sandbox) -> None:
    await jira.call("editJiraIssue", {"issueIdOrKey": "DEMO-7", "fields": {"labels": ["checkout"]}})
    page = await jira.call("listJiraIssueChangelogs", {"issueIdOrKey": "DEMO-7"})
    assert page["changelogs"] == []


async def test_watchers_come_and_go(jira: Sandbox) -> None:
    async def watching() -> list[str]:
        answer = await jira.call("listJiraIssueWatchers", {"issueIdOrKey": "DEMO-7"})
        assert answer["watchCount"] == len(answer["watchers"])
        return [person["name"] for person in answer["watchers"]]

    assert await watching() == ["Ada Example"]
    await jira.call("addJiraIssueWatcher", {"issueIdOrKey": "DEMO-7", "accountId": BEN.account_id})
    assert await watching() == ["Ada Example", "Ben Example"]
    answer = await jira.call("removeJiraIssueWatcher", {"issueIdOrKey": "DEMO-7"})
    assert answer["notWatching"] == ADA.account_id
    assert await watching() == ["Ben Example"]


async def test_a_watcher_may_be_named(jira: Sandbox) -> None:
    added = await jira.call(
        "addJiraIssueWatcher", {"issueIdOrKey": "DEMO-7", "accountId": "Ben Example"}
    )
    removed = await jira.call(
        "removeJiraIssueWatcher", {"issueIdOrKey": "DEMO-7", "accountId": "BEN@example.com"}
    )
    assert added["watching"] == removed["notWatching"] == BEN.account_id


async def test_without_a_name_it_is_the_user_who_watches(jira: Sandbox) -> None:
    answer = await jira.call("addJiraIssueWatcher", {"issueIdOrKey": "OPS-1"}, person=BEN)
    assert answer["watching"] == BEN.account_id


async def test_what_cannot_be_watched_is_said(jira: Sandbox) -> None:
    for tool in ("addJiraIssueWatcher", "removeJiraIssueWatcher"):
        with pytest.raises(NotFound):
            await jira.call(tool, {"issueIdOrKey": "DEMO-7", "accountId": "712020:nobody"})
        with pytest.raises(InvalidArgument, match="finds nobody by 'nobody'"):
            await jira.call(tool, {"issueIdOrKey": "DEMO-7", "accountId": "nobody"})
    with pytest.raises(Forbidden):
        await jira.call(
            "addJiraIssueWatcher",
            {"issueIdOrKey": "OPS-1", "accountId": ADA.account_id},
            person=BEN,
        )
