"""A few tools over the server's real Api and sandbox: what no fake in between could show."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fakes.cloud import ADA, DEMO, Cloud, Keeper, Pauses, Ticking, cloud

from telamon.plugin import Embedded, Rejected
from telamon.plugin.testing import FakeCall
from telamon.storage import KeyRing, Storage, new_key, open_storage
from telamon_jira import register_product
from telamon_jira.client import Jira
from telamon_jira.settings import JiraSettings

TOOLS = {tool.name: tool for tool in register_product().tools}
SCOPES = ("offline_access", "read:me", *sorted(s.name for s in register_product().scopes))


@pytest.fixture
async def storage(tmp_path: Path, clock: Ticking) -> AsyncIterator[Storage]:
    keys = KeyRing.parse([new_key()])
    storage = await open_storage(f"sqlite:///{tmp_path}/telamon.db", keys=keys, clock=clock)
    yield storage
    await storage.close()


@pytest.fixture
async def atlassian(clock: Ticking, unused_tcp_port: int) -> AsyncIterator[Cloud]:
    async with cloud(clock, unused_tcp_port, register_product()) as running:
        yield running


@pytest.fixture
async def jira(atlassian: Cloud, storage: Storage, clock: Ticking) -> AsyncIterator[Jira]:
    keeper = Keeper(cloud=atlassian, storage=storage, clock=clock, pauses=Pauses(clock.advance))
    grant = await keeper.signed_in(account_id=ADA.account_id, scopes=SCOPES)
    api = keeper.api(grant, DEMO, register_product())
    yield Jira(api=api, settings=JiraSettings(), pause=Pauses(clock.advance))
    assert await keeper.tasks.drain(10) == 0


async def call(jira: Jira, name: str, **arguments: Any) -> Any:
    return await TOOLS[name].call(jira, FakeCall(), arguments)


async def test_a_file_goes_up_and_comes_down(jira: Jira) -> None:
    sent = base64.b64encode("grüße\n".encode()).decode()
    made = await call(
        jira,
        "uploadAttachmentToJiraIssue",
        issueIdOrKey="DEMO-7",
        filename="Grüße.txt",
        contentBase64=sent,
    )
    file = made["attachments"][0]
    assert file["filename"] == "Grüße.txt"
    _, content = await call(jira, "downloadJiraIssueAttachment", attachmentId=file["id"])
    assert isinstance(content, Embedded)
    assert content.data == "grüße\n"


async def test_a_watcher_is_a_json_string(jira: Jira) -> None:
    await call(jira, "removeJiraIssueWatcher", issueIdOrKey="DEMO-7")
    await call(jira, "addJiraIssueWatcher", issueIdOrKey="DEMO-7")
    answer = await call(jira, "listJiraIssueWatchers", issueIdOrKey="DEMO-7")
    assert ADA.account_id in {person["accountId"] for person in answer["watchers"]}


async def test_lists_and_tokens_travel(jira: Jira) -> None:
    first = await call(jira, "listJiraBoardIssues", boardId="1", maxResults=2, jql="type != Epic")
    second = await call(
        jira,
        "listJiraBoardIssues",
        boardId="1",
        maxResults=2,
        jql="type != Epic",
        nextPageToken=first["nextPageToken"],
    )
    assert not {i["key"] for i in first["issues"]} & {i["key"] for i in second["issues"]}


async def test_text_for_a_text_area_is_understood_as_markdown(jira: Jira) -> None:
    await call(
        jira, "editJiraIssue", issueIdOrKey="DEMO-7", fields={"customfield_10051": "- works"}
    )
    shown = await call(jira, "getJiraIssue", issueIdOrKey="DEMO-7", fields=["customfield_10051"])
    assert shown["fields"]["customfield_10051"] == "- works"


async def test_each_of_many_refused_issues_says_why(jira: Jira) -> None:
    wrong = {"projectKey": "DEMO", "issueTypeName": "Wish", "summary": "One"}
    answer = await call(jira, "createJiraIssues", issues=[wrong])
    assert "has no issue type 'Wish'" in answer["results"][0]["problems"][0]


async def test_a_move_ends_in_its_new_project(jira: Jira) -> None:
    moved = await call(
        jira,
        "moveJiraIssues",
        issues=["DEMO-13"],
        targetProjectKey="OPS",
        targetIssueTypeName="Bug",
    )
    assert moved["status"] == "COMPLETE"


async def test_a_missing_field_of_a_step_is_named(jira: Jira) -> None:
    with pytest.raises(Rejected, match=r"requires: resolution"):
        await call(jira, "transitionJiraIssue", issueIdOrKey="DEMO-4", transition={"name": "Done"})
