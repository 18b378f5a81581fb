"""Searching by JQL: what is asked, how it is paged and counted."""

import pytest
from fakes.jira_api import BEN, Sandbox
from pydantic import ValidationError

from telamon.plugin import Rejected


async def test_a_search_asks_for_the_default_fields_by_one_post(jira: Sandbox) -> None:
    api = jira.api()
    found = await jira.call(
        "searchJiraIssuesUsingJql", {"jql": "project = DEMO AND type = Epic"}, api=api
    )
    assert [(r.method, r.path, r.body) for r in api.requests] == [
        (
            "POST",
            "/rest/api/3/search/jql",
            {
                "jql": "project = DEMO AND type = Epic",
                "maxResults": 50,
                "fields": [
                    "summary",
                    "description",
                    "status",
                    "issuetype",
                    "priority",
                    "created",
                ],
            },
        )
    ]
    assert [issue["key"] for issue in found["issues"]] == ["DEMO-2", "DEMO-1"]
    assert found["isLast"] is True
    assert "approximateCount" not in found
    assert "total" not in found


async def test_pages_follow_one_another_by_token_until_the_last(jira: Sandbox) -> None:
    keys: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = await jira.call(
            "searchJiraIssuesUsingJql",
            {
                "jql": "project = DEMO ORDER BY key",
                "maxResults": 9,
                "fields": ["summary"],
                **token,
            },
        )
        keys += [issue["key"] for issue in page["issues"]]
        if page["isLast"]:
            break
        token = {"nextPageToken": page["nextPageToken"]}
    assert keys == [f"DEMO-{number}" for number in range(1, 23)]
    assert "nextPageToken" not in page


async def test_exactly_the_named_fields_are_answered(jira: Sandbox) -> None:
    found = await jira.call(
        "searchJiraIssuesUsingJql",
        {"jql": "key = DEMO-3", "fields": ["summary", "customfield_10016"]},
    )
    assert found["issues"][0]["fields"].keys() == {"summary", "customfield_10016"}
    assert found["names"] == {"customfield_10016": "Story points"}


async def test_a_count_comes_along_when_it_is_asked_for(jira: Sandbox) -> None:
    found = await jira.call(
        "searchJiraIssuesUsingJql", {"jql": "project = DEMO", "maxResults": 1, "count": True}
    )
    assert found["approximateCount"] == 22
    assert len(found["issues"]) == 1


async def test_issues_are_counted_without_reading_them(jira: Sandbox) -> None:
    api = jira.api(BEN)
    answer = await jira.call(
        "countJiraIssues", {"jql": "project in (DEMO, OPS)"}, person=BEN, api=api
    )
    assert answer == {"approximateCount": 32}
    assert [r.path for r in api.requests] == ["/rest/api/3/search/approximate-count"]


@pytest.mark.row("SEC-I08")
async def test_a_query_is_passed_as_data_and_what_jira_says_about_it_comes_back(
    jira: Sandbox,
) -> None:
    with pytest.raises(Rejected, match="Unbounded"):
        await jira.call("searchJiraIssuesUsingJql", {"jql": "ORDER BY created"})
    with pytest.raises(Rejected, match="Field 'nonsense' does not exist"):
        await jira.call("searchJiraIssuesUsingJql", {"jql": "nonsense = 1"})
    with pytest.raises(ValidationError):
        await jira.call("searchJiraIssuesUsingJql", {"jql": "x" * 10_001})


@pytest.mark.parametrize(
    ("jql", "remedy"),
    [
        ("nonsense = 1", "listJiraFields finds fields by name."),
        ("assignee = Be", "lookupJiraAccountId finds account ids by name."),
        ("project = NOPE", "getVisibleJiraProjects lists projects."),
        ("status = Opened", "listJiraFieldOptions suggests values of status."),
        ("key = DEMO-999", "for the field 'key'."),
        ("ORDER BY created", "to your query."),
    ],
)
async def test_a_refused_query_is_answered_with_what_finds_the_right_name(
    jira: Sandbox, jql: str, remedy: str
) -> None:
    for tool, more in (
        ("searchJiraIssuesUsingJql", {}),
        ("searchJiraIssuesUsingJql", {"count": True}),
        ("countJiraIssues", {}),
    ):
        with pytest.raises(Rejected) as refusal:
            await jira.call(tool, {"jql": jql, **more})
        assert str(refusal.value).endswith(remedy)


async def test_a_search_stays_within_what_the_user_may_see(jira: Sandbox) -> None:
    found = await jira.call(
        "searchJiraIssuesUsingJql", {"jql": 'labels = "review" OR key = DEMO-1'}, person=BEN
    )
    assert [issue["key"] for issue in found["issues"]] == ["DEMO-1"]


@pytest.mark.parametrize("value", [0, 101, 1.5])
async def test_a_page_has_at_most_a_hundred_issues(jira: Sandbox, value: float) -> None:
    with pytest.raises(ValidationError):
        await jira.call("searchJiraIssuesUsingJql", {"jql": "project = DEMO", "maxResults": value})


async def test_long_texts_of_a_page_are_cut_and_say_so(jira: Sandbox) -> None:
    text = "x" * 30_000
    await jira.call("editJiraIssue", {"issueIdOrKey": "DEMO-7", "fields": {"description": text}})
    alone = await jira.call("searchJiraIssuesUsingJql", {"jql": "key = DEMO-7"})
    assert alone["issues"][0]["fields"]["description"] == text
    page = await jira.call("searchJiraIssuesUsingJql", {"jql": "project = DEMO"})
    assert len(page["issues"]) == 22
    cut = next(one for one in page["issues"] if one["key"] == "DEMO-7")["fields"]["description"]
    assert len(cut) < 5_000
    assert cut.endswith("… [25455 more characters: read one at a time to see all of it]")
    others = [one["fields"]["description"] for one in page["issues"] if one["key"] != "DEMO-7"]
    assert not any("more characters" in other for other in others)
