"""Links between issues, and to things outside Jira."""

import pytest
from fakes.jira_api import BEN, Sandbox
from pydantic import ValidationError

from telamon.plugin import Forbidden, InvalidArgument, NotFound, Rejected
from telamon.plugin.testing import FakeApi
from telamon_jira.client import Jira
from telamon_jira.settings import JiraSettings
from telamon_jira.tools.links import create_issue_link


async def relations(jira: Sandbox, key: str) -> dict[str, str]:
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": key, "fields": ["issuelinks"]})
    return {link["key"]: link["relation"] for link in shown["fields"].get("issuelinks", [])}


async def test_the_inward_issue_does_to_the_outward_one_what_the_type_says(jira: Sandbox) -> None:
    api = jira.api()
    answer = await jira.call(
        "createIssueLink",
        {"inwardIssue": "DEMO-7", "outwardIssue": "DEMO-8", "type": "Blocks"},
        api=api,
    )
    assert len(api.requests) == 1
    assert answer == {
        "linked": True,
        "type": "Blocks",
        "from": "DEMO-7",
        "to": "DEMO-8",
        "url": "https://first.example.com/browse/DEMO-7",
    }
    assert (await relations(jira, "DEMO-7"))["DEMO-8"] == "blocks"
    assert (await relations(jira, "DEMO-8"))["DEMO-7"] == "is blocked by"


async def test_a_comment_goes_with_a_link(jira: Sandbox) -> None:
    await jira.call(
        "createIssueLink",
        {"inwardIssue": "10007", "outwardIssue": "DEMO-8", "type": "Blocks", "comment": "*so*"},
    )
    page = await jira.call("listJiraIssueComments", {"issueIdOrKey": "DEMO-8"})
    assert page["comments"][0]["body"] == "*so*"


async def test_an_unknown_type_is_answered_with_those_that_exist(jira: Sandbox) -> None:
    with pytest.raises(InvalidArgument, match="no link type 'Hinders'; there are: Blocks") as said:
        await jira.call(
            "createIssueLink",
            {"inwardIssue": "DEMO-7", "outwardIssue": "DEMO-8", "type": "Hinders"},
        )
    assert "Duplicate (the inward issue duplicates the outward one)" in str(said.value)


async def test_a_type_may_be_written_in_small_letters(jira: Sandbox) -> None:
    answer = await jira.call(
        "createIssueLink", {"inwardIssue": "DEMO-7", "outwardIssue": "DEMO-8", "type": "blocks"}
    )
    assert answer["type"] == "Blocks"
    assert (await relations(jira, "DEMO-7"))["DEMO-8"] == "blocks"


async def test_a_site_without_issue_links_is_said() -> None:
    api = FakeApi(
        answers={
            ("POST", "/rest/api/3/issueLink"): NotFound("Issue linking is disabled."),
            ("GET", "/rest/api/3/issueLinkType"): {"issueLinkTypes": []},
        }
    )
    with pytest.raises(InvalidArgument, match="turned off"):
        await create_issue_link.run(
            Jira(api=api, settings=JiraSettings()),
            inward_issue="A-1",
            outward_issue="A-2",
            type_="Blocks",
        )


async def test_what_is_wrong_with_the_issues_is_passed_on(jira: Sandbox) -> None:
    with pytest.raises(NotFound):
        await jira.call(
            "createIssueLink",
            {"inwardIssue": "DEMO-7", "outwardIssue": "DEMO-999", "type": "Blocks"},
        )
    with pytest.raises(Rejected, match="itself"):
        await jira.call(
            "createIssueLink",
            {"inwardIssue": "DEMO-7", "outwardIssue": "DEMO-7", "type": "Blocks"},
        )
    with pytest.raises(Forbidden):
        await jira.call(
            "createIssueLink",
            {"inwardIssue": "DEMO-7", "outwardIssue": "OPS-1", "type": "Blocks"},
            person=BEN,
        )


async def test_link_types_say_how_they_read_in_both_directions(jira: Sandbox) -> None:
    answer = await jira.call("getIssueLinkTypes")
    assert answer["linkTypes"][0] == {
        "id": "10000",
        "name": "Blocks",
        "inward": "is blocked by",
        "outward": "blocks",
    }


async def test_a_link_to_an_issue_that_may_not_be_seen_is_not_shown(jira: Sandbox) -> None:
    shown = await jira.call(
        "getJiraIssue", {"issueIdOrKey": "DEMO-3", "fields": ["issuelinks"]}, person=BEN
    )
    assert "SEC-1" not in {link["key"] for link in shown["fields"]["issuelinks"]}


async def test_remote_links_say_where_they_lead(jira: Sandbox) -> None:
    answer = await jira.call("getJiraIssueRemoteIssueLinks", {"issueIdOrKey": "DEMO-3"})
    link = answer["remoteLinks"][0]
    assert link["title"] == "Ticket 77"
    assert link["url"] == "https://www.example.com/support/77"
    assert link["application"] == "Support desk"
    assert link["resolved"] is False
    one = await jira.call(
        "getJiraIssueRemoteIssueLinks",
        {"issueIdOrKey": "DEMO-3", "globalId": link["globalId"]},
    )
    assert one == answer


async def test_a_new_remote_link_says_where_it_is_seen(jira: Sandbox) -> None:
    link = {"issueIdOrKey": "DEMO-4", "url": "https://www.example.com/plan", "title": "Plan"}
    made = await jira.call("createJiraRemoteLink", link)
    assert made["url"] == "https://first.example.com/browse/DEMO-4"
    by_number = await jira.call("createJiraRemoteLink", {**link, "issueIdOrKey": "10004"})
    assert by_number.keys() == {"id", "issue"}


async def test_an_unknown_remote_link_is_not_found(jira: Sandbox) -> None:
    assert await jira.call("getJiraIssueRemoteIssueLinks", {"issueIdOrKey": "DEMO-4"}) == {
        "remoteLinks": []
    }
    with pytest.raises(NotFound):
        await jira.call(
            "getJiraIssueRemoteIssueLinks", {"issueIdOrKey": "DEMO-3", "globalId": "none"}
        )


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "https://a b", ""])
async def test_a_remote_link_leads_to_the_web_or_nowhere(jira: Sandbox, url: str) -> None:
    api = jira.api()
    with pytest.raises(ValidationError):
        await jira.call(
            "createJiraRemoteLink", {"issueIdOrKey": "DEMO-7", "url": url, "title": "x"}, api=api
        )
    assert api.requests == []
