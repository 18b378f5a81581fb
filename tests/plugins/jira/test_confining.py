"""Within the projects that an operator allows: every tool with a thing inside and one outside."""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from fakes.jira_api import ADA, BEN, FIRST, JiraApi, Sandbox

from telamon.atlassian.faults import Answered, Asked, fault
from telamon.plugin import (
    Api,
    Forbidden,
    InvalidArgument,
    Json,
    NotFound,
    Person,
    Rejected,
    ToolError,
)
from telamon.plugin.testing import FakeCall
from telamon_jira import register_product
from telamon_jira.client import Jira
from telamon_jira.confining import CONTAINERS
from telamon_jira.sandbox.problems import NO_ISSUE
from telamon_jira.sandbox.state import (
    Attachment,
    Comment,
    Component,
    Filter,
    Sprint,
    Version,
    Worklog,
)
from telamon_jira.values import members, objects

TOOLS = {tool.name: tool for tool in register_product().tools}
ALLOWED = frozenset({"DEMO", "ops"})
READS = re.compile("/search/|/bulkfetch$")
SECRET = "penetration"  # a word of SEC-3's summary that nothing inside has
TEXT = {"type": "doc", "version": 1, "content": []}


@dataclass
class Confined:
    """An emulated Jira with a secret project, and people who are kept out of it."""

    jira: Sandbox
    apis: list[JiraApi] = field(default_factory=list[JiraApi])

    def __post_init__(self) -> None:
        state = self.state
        secret, demo = state.projects["SEC"], state.projects["DEMO"]
        now = self.jira.clock.now
        issue = state.issues[10033]
        issue.comments.append(Comment(id=901, author="x", body=TEXT, created=now, updated=now))
        issue.comments[0].author = ADA.account_id
        issue.worklogs.append(
            Worklog(id=902, author=ADA.account_id, seconds=1, started=now, created=now, updated=now)
        )
        issue.attachments.append(
            Attachment(
                id=903,
                author=ADA.account_id,
                filename="plan.txt",
                media_type="text/plain",
                content=b"secret",
                created=now,
            )
        )
        issue.values["updated"] = now
        secret.versions.append(Version(id="904", name="Hidden version"))
        secret.components.append(Component(id="905", name="Hidden component"))
        state.sprints[906] = Sprint(id=906, board=3, name="Hidden sprint", state="future")
        state.filters.append(Filter("907", "Hidden", ADA.account_id, "project = SEC"))
        state.moved_keys |= {"DEMO-77": 10034, "SEC-77": 10004}
        demo.versions.append(Version(id="908", name="3.0"))

    @property
    def state(self) -> Any:
        return self.jira.emulator._states[FIRST.cloud_id]

    def api(self, person: Person = ADA, allowed: frozenset[str] = ALLOWED) -> Api:
        """An Api as the server hands it to the plugin: guarded, and none the wiser."""
        self.apis.append(self.jira.api(person))
        return CONTAINERS.guarded(self.apis[-1], allowed)

    @property
    def asked(self) -> list[str]:
        return [f"{r.method} {r.path}" for api in self.apis for r in api.requests]

    async def call(self, name: str, arguments: Mapping[str, Any], api: Api | None = None) -> Any:
        async def pause(_seconds: float) -> None:
            self.jira.clock.now += 1

        client = Jira(api=api or self.api(), settings=self.jira.settings, pause=pause)
        return await TOOLS[name].call(client, FakeCall(), arguments)


@pytest.fixture
def confined() -> Confined:
    return Confined(Sandbox())


def words_of(error: ToolError, *names: object) -> str:
    """What the model reads, but for the name of the thing that it asked for."""
    text = str(error)
    for name in sorted(map(str, names), key=len, reverse=True):
        text = text.replace(name, "…")
    return text


INSIDE: list[tuple[str, dict[str, Any]]] = [
    ("getJiraIssue", {"issueIdOrKey": "DEMO-4"}),
    ("getJiraIssue", {"issueIdOrKey": "10004", "expand": "changelog,transitions"}),
    ("getJiraIssue", {"issueIdOrKey": "SEC-77"}),  # it has moved to DEMO since
    ("searchJiraIssuesUsingJql", {"jql": "project = DEMO AND type = Bug", "count": True}),
    ("countJiraIssues", {"jql": "project = OPS"}),
    ("listJiraIssueComments", {"issueIdOrKey": "DEMO-3"}),
    ("listJiraIssueChangelogs", {"issueIdOrKey": "DEMO-3"}),
    ("listJiraIssueWorklogs", {"issueIdOrKey": "DEMO-3"}),
    ("getTransitionsForJiraIssue", {"issueIdOrKey": "DEMO-3"}),
    ("getJiraIssueRemoteIssueLinks", {"issueIdOrKey": "DEMO-3"}),
    ("getIssueLinkTypes", {}),
    ("listJiraIssueWatchers", {"issueIdOrKey": "DEMO-3"}),
    ("listJiraIssueAttachments", {"issueIdOrKey": "DEMO-3"}),
    ("downloadJiraIssueAttachment", {"attachmentId": "20034"}),
    ("createJiraIssue", {"projectKey": "DEMO", "issueTypeName": "Task", "summary": "New"}),
    ("createJiraIssue", {"projectKey": "10001", "issueTypeName": "Task", "summary": "New"}),
    (
        "createJiraIssues",
        {"issues": [{"projectKey": "OPS", "issueTypeName": "Task", "summary": "New"}] * 2},
    ),
    ("editJiraIssue", {"issueIdOrKey": "DEMO-3", "fields": {"summary": "Changed"}}),
    ("editJiraIssue", {"issueIdOrKey": "DEMO-3", "fields": {"parent": "DEMO-2"}}),
    ("editJiraIssue", {"issueIdOrKey": "DEMO-10", "fields": {"customfield_10020": 9}}),
    ("editJiraIssue", {"issueIdOrKey": "DEMO-10", "fields": {"customfield_10016": 906}}),
    ("transitionJiraIssue", {"issueIdOrKey": "OPS-1", "transition": {"name": "Done"}}),
    ("addCommentToJiraIssue", {"issueIdOrKey": "DEMO-3", "commentBody": "Hello"}),
    (
        "addCommentToJiraIssue",
        {"issueIdOrKey": "DEMO-3", "commentBody": "Hello", "commentId": "20021"},
    ),
    ("addWorklogToJiraIssue", {"issueIdOrKey": "DEMO-3", "timeSpent": "1h"}),
    (
        "addWorklogToJiraIssue",
        {"issueIdOrKey": "DEMO-3", "timeSpent": "1h", "worklogId": "20031"},
    ),
    (
        "createIssueLink",
        {"inwardIssue": "DEMO-1", "outwardIssue": "OPS-1", "type": "Blocks", "comment": "x"},
    ),
    (
        "createJiraRemoteLink",
        {"issueIdOrKey": "DEMO-1", "url": "https://www.example.com", "title": "Web"},
    ),
    ("addJiraIssueWatcher", {"issueIdOrKey": "DEMO-1"}),
    ("removeJiraIssueWatcher", {"issueIdOrKey": "DEMO-3"}),
    (
        "uploadAttachmentToJiraIssue",
        {"issueIdOrKey": "DEMO-1", "filename": "a.txt", "contentBase64": "YQ=="},
    ),
    (
        "moveJiraIssues",
        {
            "issues": ["OPS-1", "10024"],
            "targetProjectKey": "DEMO",
            "targetIssueTypeName": "Task",
        },
    ),
    ("deleteJiraIssue", {"issueIdOrKey": "DEMO-22"}),
    ("deleteJiraComment", {"issueIdOrKey": "DEMO-3", "commentId": "20020"}),
    ("deleteJiraWorklog", {"issueIdOrKey": "DEMO-3", "worklogId": "20031"}),
    ("deleteIssueLink", {"linkId": "20036"}),
    ("deleteJiraRemoteLink", {"issueIdOrKey": "DEMO-3", "linkId": "20040"}),
    ("deleteJiraIssueAttachment", {"attachmentId": "20033"}),
    ("getJiraProject", {"projectIdOrKey": "demo"}),
    ("getJiraProject", {"projectIdOrKey": "10001"}),
    ("getJiraProjectIssueTypesMetadata", {"projectIdOrKey": "DEMO"}),
    ("getJiraIssueTypeMetaWithFields", {"projectIdOrKey": "DEMO", "issueTypeId": "10002"}),
    ("listJiraProjectVersions", {"projectIdOrKey": "DEMO"}),
    ("listJiraProjectComponents", {"projectIdOrKey": "10000"}),
    ("listJiraFields", {"query": "s"}),
    ("listJiraFieldOptions", {"field": "priority"}),
    ("listJiraStatuses", {}),
    ("listJiraStatuses", {"projectIdOrKey": "OPS"}),
    ("getJiraFilter", {"filterId": "10400"}),
    ("getJiraFilter", {"filterId": "10401"}),
    ("getJiraPermissions", {}),
    ("getJiraPermissions", {"projectKey": "DEMO"}),
    ("getJiraPermissions", {"issueKey": "10003"}),
    ("createJiraVersion", {"projectIdOrKey": "DEMO", "name": "9"}),
    ("createJiraVersion", {"projectIdOrKey": "10000", "name": "9"}),
    ("updateJiraVersion", {"versionId": "908", "name": "9"}),
    ("createJiraComponent", {"projectKey": "DEMO", "name": "Part"}),
    ("lookupJiraAccountId", {"searchString": "Ada"}),
    ("findAssignableUsers", {"projectKey": "DEMO"}),
    ("findAssignableUsers", {"issueKey": "DEMO-1", "query": "Ben"}),
    ("getJiraBoard", {"boardId": "1"}),
    ("listJiraBoardIssues", {"boardId": "1"}),
    ("listJiraBoardIssues", {"boardId": "1", "jql": "type = Bug OR type = Task"}),
    ("listJiraBacklogIssues", {"boardId": "1"}),
    ("listJiraEpicIssues", {"epicIdOrKey": "DEMO-1", "jql": "status = Done"}),
    ("listJiraBoardSprints", {"boardId": "1"}),
    ("getJiraSprint", {"sprintId": "8"}),
    ("listJiraSprintIssues", {"sprintId": "8"}),
    ("createJiraSprint", {"boardId": "1", "name": "Next"}),
    ("updateJiraSprint", {"sprintId": "9", "name": "Next"}),
    ("moveJiraIssuesToSprint", {"sprintId": "9", "issues": ["DEMO-13", "10016"]}),
    ("moveJiraIssuesToBacklog", {"issues": ["DEMO-3", "DEMO-12"]}),
    ("rankJiraIssues", {"issues": ["DEMO-17"], "rankAfterIssue": "DEMO-13"}),
]
UNCOUNTED = {"listJiraFields", "listJiraBoardSprints"}
"""Lists that are shown without a total, which would count what other pages hide."""
LISTS = {
    "getVisibleJiraProjects",
    "listJiraBoards",
    "listJiraDashboards",
    "listJiraFilters",
    "listJiraLabels",
    "getJiraBulkOperation",
}
"""Tools whose answers differ from those without a guard, or that are refused."""


@pytest.mark.parametrize(
    ("name", "arguments"), INSIDE, ids=lambda value: value if isinstance(value, str) else ""
)
async def test_inside_a_tool_works_as_without_a_limit(name: str, arguments: dict[str, Any]) -> None:
    free, confined = Confined(Sandbox()), Confined(Sandbox())
    open_api = free.jira.api()
    expected = await free.call(name, arguments, api=open_api)
    if name in UNCOUNTED:
        assert expected.pop("total") > 0
    assert await confined.call(name, arguments) == expected
    assert confined.state == free.state
    writes = [r for r in open_api.requests if r.method != "GET"]
    assert [r.path for api in confined.apis for r in api.requests if r.method != "GET"][
        -len(writes) or 99 :
    ] == [r.path for r in writes]


def test_every_tool_is_tried() -> None:
    assert {name for name, _ in INSIDE} | LISTS == TOOLS.keys()
    outside = {name for name, *_ in OUTSIDE}
    everywhere = {"getIssueLinkTypes", "listJiraFields", "lookupJiraAccountId"}
    searches = {"searchJiraIssuesUsingJql", "countJiraIssues", "listJiraFieldOptions"}
    assert outside | everywhere | searches | LISTS - {"getJiraBulkOperation"} == TOOLS.keys()


ISSUE_TOOLS: list[tuple[str, dict[str, Any]]] = [
    ("getJiraIssue", {}),
    ("listJiraIssueComments", {}),
    ("listJiraIssueChangelogs", {}),
    ("listJiraIssueWorklogs", {}),
    ("getTransitionsForJiraIssue", {}),
    ("getJiraIssueRemoteIssueLinks", {}),
    ("listJiraIssueWatchers", {}),
    ("listJiraIssueAttachments", {}),
    ("editJiraIssue", {"fields": {"summary": "Changed"}}),
    ("transitionJiraIssue", {"transition": {"id": "31"}}),
    ("addCommentToJiraIssue", {"commentBody": "Hello"}),
    ("addCommentToJiraIssue", {"commentBody": "Hello", "commentId": "901"}),
    ("addWorklogToJiraIssue", {"timeSpent": "1h"}),
    ("addWorklogToJiraIssue", {"timeSpent": "1h", "worklogId": "902"}),
    ("createJiraRemoteLink", {"url": "https://www.example.com", "title": "Web"}),
    ("addJiraIssueWatcher", {}),
    ("removeJiraIssueWatcher", {}),
    ("uploadAttachmentToJiraIssue", {"filename": "a.txt", "contentBase64": "YQ=="}),
    ("deleteJiraIssue", {}),
    ("deleteJiraComment", {"commentId": "901"}),
    ("deleteJiraWorklog", {"worklogId": "902"}),
    ("deleteJiraRemoteLink", {"linkId": "1"}),
]
HIDDEN = ("SEC-1", "10033", "DEMO-77", "SEC-99", "99999999")
"""By its key, by its id, by the key from before it was moved; and what does not exist."""

OUTSIDE: list[tuple[str, dict[str, Any], str, str]] = [
    *(
        (name, {**more, "issueIdOrKey": hidden}, hidden, "DEMO-99")
        for name, more in ISSUE_TOOLS
        for hidden in HIDDEN
    ),
    ("downloadJiraIssueAttachment", {"attachmentId": "903"}, "903", "999"),
    ("deleteJiraIssueAttachment", {"attachmentId": "903"}, "903", "999"),
    ("getJiraBulkOperation", {"taskId": "900"}, "900", "999"),
    (
        "createJiraIssue",
        {"projectKey": "SEC", "issueTypeName": "Task", "summary": "x"},
        "SEC",
        "NOPE",
    ),
    (
        "createJiraIssue",
        {"projectKey": "10002", "issueTypeName": "Task", "summary": "x"},
        "10002",
        "99999",
    ),
    (
        "createJiraIssue",
        {"projectKey": "DEMO", "issueTypeName": "Task", "summary": "x", "parent": "SEC-1"},
        "SEC-1",
        "DEMO-99",
    ),
    ("editJiraIssue", {"issueIdOrKey": "DEMO-3", "fields": {"parent": "SEC-1"}}, "SEC-1", "XY-1"),
    (
        "createIssueLink",
        {"inwardIssue": "SEC-1", "outwardIssue": "DEMO-1", "type": "Blocks"},
        "SEC-1",
        "DEMO-99",
    ),
    (
        "createIssueLink",
        {"inwardIssue": "DEMO-1", "outwardIssue": "10033", "type": "Blocks"},
        "10033",
        "99999",
    ),
    ("deleteIssueLink", {"linkId": "20038"}, "20038", "99999"),
    (
        "moveJiraIssues",
        {"issues": ["DEMO-1"], "targetProjectKey": "SEC", "targetIssueTypeName": "Task"},
        "SEC",
        "NOPE",
    ),
    ("getJiraProject", {"projectIdOrKey": "SEC"}, "SEC", "NOPE"),
    ("getJiraProject", {"projectIdOrKey": "10002"}, "10002", "99999"),
    ("getJiraProjectIssueTypesMetadata", {"projectIdOrKey": "SEC"}, "SEC", "NOPE"),
    (
        "getJiraIssueTypeMetaWithFields",
        {"projectIdOrKey": "SEC", "issueTypeId": "10002"},
        "SEC",
        "NOPE",
    ),
    ("listJiraProjectVersions", {"projectIdOrKey": "SEC"}, "SEC", "NOPE"),
    ("listJiraProjectComponents", {"projectIdOrKey": "10002"}, "10002", "99999"),
    ("listJiraStatuses", {"projectIdOrKey": "SEC"}, "SEC", "NOPE"),
    ("getJiraFilter", {"filterId": "907"}, "907", "999"),
    ("getJiraPermissions", {"projectKey": "SEC"}, "SEC", "NOPE"),
    ("getJiraPermissions", {"issueKey": "SEC-1"}, "SEC-1", "DEMO-99"),
    ("createJiraVersion", {"projectIdOrKey": "SEC", "name": "9"}, "SEC", "NOPE"),
    ("createJiraVersion", {"projectIdOrKey": "10002", "name": "9"}, "10002", "99999"),
    ("updateJiraVersion", {"versionId": "904", "name": "9"}, "904", "999"),
    ("createJiraComponent", {"projectKey": "SEC", "name": "Part"}, "SEC", "NOPE"),
    ("findAssignableUsers", {"projectKey": "SEC"}, "SEC", "NOPE"),
    ("findAssignableUsers", {"issueKey": "SEC-1"}, "SEC-1", "DEMO-99"),
    ("getJiraBoard", {"boardId": "3"}, "3", "9"),
    ("listJiraBoardIssues", {"boardId": "3"}, "3", "9"),
    ("listJiraBacklogIssues", {"boardId": "3"}, "3", "9"),
    ("listJiraEpicIssues", {"epicIdOrKey": "SEC-1"}, "SEC-1", "DEMO-99"),
    ("listJiraBoardSprints", {"boardId": "3"}, "3", "9"),
    ("getJiraSprint", {"sprintId": "906"}, "906", "999"),
    ("listJiraSprintIssues", {"sprintId": "906"}, "906", "999"),
    ("createJiraSprint", {"boardId": "3", "name": "Next"}, "3", "9"),
    ("updateJiraSprint", {"sprintId": "906", "name": "Next"}, "906", "999"),
    ("moveJiraIssuesToSprint", {"sprintId": "906", "issues": ["DEMO-3"]}, "906", "999"),
    (
        "moveJiraIssuesToSprint",
        {"sprintId": "9", "issues": ["DEMO-3", "SEC-1"]},
        "SEC-1",
        "DEMO-99",
    ),
    (
        "moveJiraIssuesToSprint",
        {"sprintId": "9", "issues": ["DEMO-3"], "rankBeforeIssue": "SEC-1"},
        "SEC-1",
        "DEMO-99",
    ),
    ("moveJiraIssuesToBacklog", {"issues": ["DEMO-3", "10033"]}, "10033", "99999"),
    ("rankJiraIssues", {"issues": ["SEC-1"], "rankAfterIssue": "DEMO-1"}, "SEC-1", "DEMO-99"),
    ("rankJiraIssues", {"issues": ["DEMO-1"], "rankAfterIssue": "SEC-1"}, "SEC-1", "DEMO-99"),
    (
        "createJiraIssues",
        {
            "issues": [{"projectKey": "DEMO", "issueTypeName": "Task", "summary": "x"}],
            "validateOnly": True,
        },
        "DEMO",
        "DEMO",
    ),
]


def replaced(value: Any, before: str, after: str) -> Any:
    if isinstance(value, dict):
        return {name: replaced(inner, before, after) for name, inner in members(value).items()}
    if isinstance(value, list):
        return [replaced(inner, before, after) for inner in value]
    return after if value == before else value


@pytest.mark.row("SEC-G08")
@pytest.mark.parametrize(
    ("name", "arguments", "hidden", "missing"),
    [case for case in OUTSIDE if case[0] != "createJiraIssues"],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_outside_a_tool_says_the_same_as_of_what_does_not_exist(
    confined: Confined, name: str, arguments: dict[str, Any], hidden: str, missing: str
) -> None:
    confined.state.tasks["900"] = {
        "taskId": "900",
        "totalIssueCount": 1,
        "processedAccessibleIssues": [10033],
        "failedAccessibleIssues": {},
        "looks": 5,
    }
    before = copy.deepcopy(confined.state)
    with pytest.raises((NotFound, Rejected, InvalidArgument)) as refusal:
        await confined.call(name, arguments)
    assert [r for r in confined.asked if not r.startswith("GET") and not READS.search(r)] == []
    with pytest.raises((NotFound, Rejected, InvalidArgument)) as absent:
        await confined.call(name, replaced(arguments, hidden, missing))
    for task in confined.state.tasks.values():
        task["looks"] = 5
    assert confined.state == before
    assert type(refusal.value) is type(absent.value)
    if name not in {"getJiraIssue", "listJiraIssueAttachments", "getJiraBulkOperation"}:
        assert words_of(refusal.value, hidden) == words_of(absent.value, missing)


@pytest.mark.row("SEC-G08")
async def test_an_issue_inside_is_one_request(confined: Confined) -> None:
    await confined.call("getJiraIssue", {"issueIdOrKey": "DEMO-4"})
    assert confined.asked == ["GET /rest/api/3/issue/DEMO-4"]


@pytest.mark.row("SEC-G08")
async def test_an_issue_shows_no_neighbour_outside(confined: Confined) -> None:
    free = await confined.call("getJiraIssue", {"issueIdOrKey": "DEMO-3"}, api=confined.jira.api())
    assert "SEC-1" in str(free)
    shown = await confined.call("getJiraIssue", {"issueIdOrKey": "DEMO-3"})
    assert "SEC-1" not in str(shown)
    assert [link["key"] for link in shown["fields"]["issuelinks"]] == ["DEMO-15", "DEMO-21"]


@pytest.mark.row("SEC-G08")
async def test_no_text_is_rendered_with_the_summaries_of_other_issues(confined: Confined) -> None:
    for expand in ("renderedFields", "names,renderedFields"):
        with pytest.raises(Forbidden, match="rendered texts"):
            await confined.call("getJiraIssue", {"issueIdOrKey": "DEMO-4", "expand": expand})
    listed: list[Json] = [["renderedFields"], "names,renderedFields"]
    for each in listed:
        body: Json = {"issueIdsOrKeys": ["DEMO-4"], "expand": each}
        with pytest.raises(Forbidden, match="rendered texts"):
            await confined.api().read("/rest/api/3/issue/bulkfetch", body)
    path = "/rest/api/3/issue/{issueIdOrKey}/comment"
    with pytest.raises(Forbidden, match="rendered texts"):
        await confined.api().get(path, {"expand": "renderedBody"}, issueIdOrKey="DEMO-4")
    assert confined.asked == []
    await confined.call("getJiraIssue", {"issueIdOrKey": "DEMO-4", "expand": "names,schema"})


@pytest.mark.row("SEC-G08")
async def test_lists_hold_what_is_inside(confined: Confined) -> None:
    projects = await confined.call("getVisibleJiraProjects", {"action": "view"})
    assert [found["key"] for found in projects["projects"]] == ["DEMO", "OPS"]
    assert projects["total"] == 2
    boards = await confined.call("listJiraBoards", {})
    assert [found["id"] for found in boards["boards"]] == [1, 2]
    assert "total" not in boards
    filters = await confined.call("listJiraFilters", {})
    assert [found["id"] for found in filters["filters"]] == ["10400", "10401"]
    assert "total" not in filters
    dashboards = await confined.call("listJiraDashboards", {})
    assert [found["id"] for found in dashboards["dashboards"]] == ["10500"]


async def test_after_a_page_of_hidden_things_the_next_one_can_be_asked_for(
    confined: Confined,
) -> None:
    confined.state.boards[1] = replace(confined.state.boards[1], project="SEC")
    hidden = await confined.call("listJiraBoards", {"maxResults": 1})
    assert hidden == {"boards": [], "startAt": 0, "nextStartAt": 1, "isLast": False}
    page = await confined.call("listJiraBoards", {"startAt": hidden["nextStartAt"]})
    assert [found["id"] for found in page["boards"]] == [2]


@pytest.mark.row("SEC-G08")
async def test_labels_are_those_of_issues_inside(confined: Confined) -> None:
    confined.state.issues[10033].values["labels"] = ["review", "regret"]
    confined.state.issues[10001].values["labels"] = ["review"]
    everything = await confined.call("listJiraLabels", {}, api=confined.jira.api())
    shown = await confined.call("listJiraLabels", {})
    assert set(everything["labels"]) - set(shown["labels"]) == {"regret"}
    assert "total" not in shown
    begun = await confined.call("listJiraLabels", {"query": "re"})
    assert begun["labels"] == ["regression", "review"]
    suggested = await confined.call("listJiraFieldOptions", {"field": "Labels", "query": "re"})
    assert suggested["values"] == ["regression", "review"]


@pytest.mark.row("SEC-G08")
async def test_an_issue_found_says_its_key(confined: Confined) -> None:
    query = {"jql": "type = Bug", "fields": ["id"], "maxResults": 1}
    found = await confined.call("searchJiraIssuesUsingJql", query)
    assert found["issues"][0]["key"].startswith("OPS-")
    listed = await confined.call("listJiraSprintIssues", {"sprintId": "8", "fields": ["id"]})
    assert all(issue["key"].startswith("DEMO-") for issue in listed["issues"])


async def test_boards_of_the_one_allowed_project_are_asked_for_by_it(confined: Confined) -> None:
    api = confined.api(allowed=frozenset({"OPS"}))
    boards = await confined.call("listJiraBoards", {}, api=api)
    assert [found["id"] for found in boards["boards"]] == [2]
    assert confined.apis[0].requests[0].query["projectKeyOrId"] == "OPS"
    with pytest.raises(NotFound):
        await confined.call("listJiraBoards", {"projectKeyOrId": "SEC"})


@pytest.mark.row("SEC-G08")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *(
            ("listJiraFieldOptions", {"field": field})
            for field in ("project", "Sprint", "component", "customfield_10050", "text")
        ),
    ],
)
async def test_values_from_all_projects_are_refused(
    confined: Confined, name: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(Forbidden, match="operator"):
        await confined.call(name, arguments)
    assert confined.asked == []


@pytest.mark.row("SEC-G08")
@pytest.mark.parametrize(
    "jql",
    [
        SECRET,
        "project = SEC",
        "key = SEC-1 OR key = DEMO-1",
        "project = DEMO) OR (project = SEC",
        "summary ~ 'x' ORDER BY created) OR (project = SEC",
        "project = SEC ORDER BY key",
        "text ~ penetration OR key in (SEC-1, SEC-2)",
    ],
)
async def test_no_query_brings_an_issue_outside(confined: Confined, jql: str) -> None:
    try:
        found = await confined.call(
            "searchJiraIssuesUsingJql", {"jql": jql, "fields": ["summary"], "count": True}
        )
    except (Rejected, InvalidArgument):
        return
    keys = [issue["key"] for issue in found["issues"]]
    assert all(key.startswith(("DEMO-", "OPS-")) for key in keys)
    assert found["approximateCount"] == len(keys)


async def test_a_person_who_does_not_see_every_allowed_project_can_search(
    confined: Confined,
) -> None:
    allowed = frozenset({"DEMO", "SEC", "GONE"})
    api = confined.api(person=BEN, allowed=allowed)
    found = await confined.call("countJiraIssues", {"jql": "type = Bug"}, api=api)
    assert found["approximateCount"] == 6
    none = confined.api(person=BEN, allowed=frozenset({"SEC", "GONE"}))
    assert (await confined.call("countJiraIssues", {"jql": "type = Bug"}, api=none)) == {
        "approximateCount": 0
    }


@pytest.mark.row("SEC-G08")
async def test_of_many_new_issues_those_outside_are_refused_by_themselves(
    confined: Confined,
) -> None:
    issues = [
        {"projectKey": key, "issueTypeName": "Task", "summary": "New"} for key in ("OPS", "SEC")
    ]
    made = await confined.call("createJiraIssues", {"issues": issues})
    assert made["results"][0]["key"] == "OPS-11"
    assert "There is no project SEC" in str(made["results"][1]["problems"])
    assert made["failed"] == 1


@pytest.mark.row("SEC-G08")
@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("customfield_10020", 906),
        ("customfield_10014", "SEC-1"),
        ("customfield_10014", "DEMO-77"),
        ("customfield_10099", {"key": "SEC"}),
        ("customfield_10099", [{"key": "SEC-1"}]),
        ("project", {"key": "SEC"}),
        ("project", {"key": "DEMO", "id": "10002"}),
        ("project", {"name": "Security reviews"}),
        ("issuelinks", [{"add": {"outwardIssue": {"key": "SEC-1"}}}]),
    ],
)
async def test_an_edit_cannot_reach_outside(confined: Confined, name: str, fields: Any) -> None:
    for body in ({"fields": {name: fields}}, {"update": {name: [{"set": fields}]}}):
        with pytest.raises((NotFound, Rejected)):
            await confined.api().put(
                "/rest/api/3/issue/{issueIdOrKey}", body, issueIdOrKey="DEMO-3"
            )
    assert not any(request.startswith("PUT") for request in confined.asked)


async def test_text_that_looks_like_a_key_can_be_written(confined: Confined) -> None:
    with pytest.raises(Rejected, match="screen"):  # Jira's word, so it was asked
        await confined.api().put(
            "/rest/api/3/issue/{issueIdOrKey}",
            {"fields": {"customfield_10099": "UTF-8"}},
            issueIdOrKey="DEMO-3",
        )


@pytest.mark.row("SEC-G08")
@pytest.mark.parametrize(
    ("issues", "target", "parent"),
    [
        (["DEMO-1", "SEC-1"], "DEMO", None),
        (["DEMO-5"], "SEC", None),
        (["DEMO-5"], "DEMO", "SEC-1"),
        (["DEMO-77"], "DEMO", None),
    ],
)
async def test_nothing_is_moved_out_or_in(
    confined: Confined, issues: list[str], target: str, parent: str | None
) -> None:
    before = copy.deepcopy(confined.state)
    with pytest.raises((NotFound, InvalidArgument)):
        await confined.call(
            "moveJiraIssues",
            {
                "issues": issues,
                "targetProjectKey": target,
                "targetIssueTypeName": "Task",
                "parent": parent,
            },
        )
    assert confined.state == before


@pytest.mark.row("SEC-G08")
async def test_a_task_shows_the_issues_inside(confined: Confined) -> None:
    confined.state.tasks["900"] = {
        "taskId": "900",
        "totalIssueCount": 2,
        "processedAccessibleIssues": [10033, 10001],
        "failedAccessibleIssues": {"10034": ["No."]},
        "invalidOrInaccessibleIssueCount": 7,
        "looks": 5,
    }
    shown = await confined.call("getJiraBulkOperation", {"taskId": "900"})
    assert shown == {
        "taskId": "900",
        "status": "COMPLETE",
        "percent": 100,
        "moved": {"10001": "DEMO-1"},
    }
    confined.state.tasks["900"]["looks"] = 0
    confined.state.tasks["900"]["failedAccessibleIssues"] = {}
    begun = await confined.call("getJiraBulkOperation", {"taskId": "900"})
    assert begun.pop("note")
    assert begun == {"taskId": "900", "status": "RUNNING", "percent": 50}


async def test_a_task_whose_issues_are_all_inside_is_shown_whole(confined: Confined) -> None:
    moved = await confined.call(
        "moveJiraIssues",
        {"issues": ["OPS-1"], "targetProjectKey": "DEMO", "targetIssueTypeName": "Task"},
    )
    assert moved["moved"] == {"OPS-1": "DEMO-23"}
    again = await confined.call("getJiraBulkOperation", {"taskId": moved["taskId"]})
    assert again["moved"] == {"10023": "DEMO-23"}
    assert again["total"] == moved["total"] == 1
    confined.state.tasks[moved["taskId"]]["processedAccessibleIssues"] = [10023, 99999]
    partly = await confined.call("getJiraBulkOperation", {"taskId": moved["taskId"]})
    assert partly["moved"] == {"10023": "DEMO-23"}
    assert "total" not in partly


@pytest.mark.row("SEC-G08")
async def test_suggested_keys_are_inside(confined: Confined) -> None:
    client = Jira(api=confined.api(), settings=confined.jira.settings)
    (issue, _) = register_product().resources
    complete = issue.complete["key"]
    assert await complete(client, "pen", {}) == []
    assert await complete(client, "SEC-", {}) == []
    assert "DEMO-4" in await complete(client, "guest", {})


@pytest.mark.row("SEC-G08")
async def test_resources_prompts_search_and_fetch_are_confined(confined: Confined) -> None:
    product = register_product()
    client = Jira(api=confined.api(), settings=confined.jira.settings)
    assert product.search is not None
    assert product.fetch is not None
    assert list(await product.search.run(client, SECRET, 5)) == []
    assert list(await product.search.run(client, "SEC-1", 5)) == []
    assert [hit.title for hit in await product.search.run(client, "guest checkout", 5)]
    with pytest.raises(NotFound):
        await product.fetch.run(client, f"{FIRST.url}/browse/SEC-1")
    resources = {resource.name: resource for resource in product.resources}
    with pytest.raises(NotFound):
        await resources["issue"].run(client, key="SEC-1")
    with pytest.raises(NotFound):
        await resources["attachment"].run(client, id="903")
    prompts = {prompt.name: prompt for prompt in product.prompts}
    with pytest.raises(NotFound):
        await prompts["triageIssue"].write(client, {"key": "SEC-1"})
    with pytest.raises(NotFound):
        await prompts["sprintReport"].write(client, {"boardId": "3"})
    notes = await prompts["releaseNotes"].write(client, {"project": "DEMO", "version": "1.9"})
    assert "DEMO-8" in str(notes)
    suggest = prompts["releaseNotes"].complete
    assert list(await suggest["project"](client, "", {})) == ["DEMO", "OPS"]
    with pytest.raises(NotFound):
        await suggest["version"](client, "", {"project": "SEC"})
    assert list(await prompts["sprintReport"].complete["boardId"](client, "", {})) == ["1"]


@pytest.mark.row("SEC-G08")
async def test_what_is_not_known_is_refused_before_it_is_asked(confined: Confined) -> None:
    api = confined.api()
    with pytest.raises(Forbidden, match="limits this connection"):
        await api.get("/rest/api/3/issueLink/{linkId}", linkId="20038")
    with pytest.raises(Forbidden, match="commentId"):
        await api.get("/rest/api/3/mypermissions", {"commentId": "901", "permissions": "X"})
    assert confined.asked == []


def test_a_key_that_cannot_be_a_projects_is_not_put_into_queries() -> None:
    with pytest.raises(ValueError, match="not the key"):
        CONTAINERS.guarded(Sandbox().api(), frozenset({'A") OR project = SEC OR ("'}))
    assert CONTAINERS.noun == "projects"


async def test_the_sentence_is_the_gateways_of_what_does_not_exist(confined: Confined) -> None:
    asked = Asked(
        product=register_product(), site=FIRST, method="GET", template="", reads=True, needs=()
    )
    for name, arguments, body in (
        ("getJiraIssue", {"issueIdOrKey": "SEC-1"}, {"errorMessages": [NO_ISSUE], "errors": {}}),
        ("getJiraBoard", {"boardId": "3"}, {}),
    ):
        said = fault(asked, Answered(status=404, headers={}, raw=b"", body=body))
        with pytest.raises(NotFound) as refusal:
            await confined.call(name, arguments)
        assert str(refusal.value) == str(said)


async def test_sprints_of_other_boards_are_not_listed(confined: Confined) -> None:
    page = {"values": [{"id": 8, "originBoardId": 1}, {"id": 906, "originBoardId": 3}]}
    api = _Answering(confined.jira.api(), page)
    shown = await CONTAINERS.guarded(api, ALLOWED).get(
        "/rest/agile/1.0/board/{boardId}/sprint", boardId="1"
    )
    assert [sprint["id"] for sprint in objects(shown["values"])] == [8]


class _Answering:
    """An Api that answers requests for lists with one and the same page."""

    def __init__(self, api: JiraApi, page: Any) -> None:
        self._api = api
        self._page = page

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    async def get(self, path: str, query: Any = None, /, **segments: Any) -> Any:
        whole = await self._api.get(path, query, **segments)
        listed = path.endswith(("/sprint", "/search", "/status")) and "project" not in path
        return self._page if listed else whole


async def test_statuses_and_fields_of_one_project_outside_are_left_out(
    confined: Confined,
) -> None:
    def scoped(project: str) -> dict[str, Any]:
        return {"name": project, "scope": {"type": "PROJECT", "project": {"id": project}}}

    both = [{"name": "Everywhere"}, scoped("10000"), scoped("10002")]
    api = _Answering(confined.jira.api(), both)
    shown = await CONTAINERS.guarded(api, ALLOWED).get("/rest/api/3/status")
    assert [status["name"] for status in shown] == ["Everywhere", "10000"]
    fields = _Answering(confined.jira.api(), {"values": both})
    page = await CONTAINERS.guarded(fields, ALLOWED).get("/rest/api/3/field/search")
    assert [found["name"] for found in page["values"]] == ["Everywhere", "10000"]


async def test_what_is_shared_with_a_project_outside_is_not_listed(confined: Confined) -> None:
    def shared(key: str) -> dict[str, Any]:
        share = {"type": "project", "project": {"key": key, "projectTypeKey": "software"}}
        return {"id": key, "jql": "a = b", "sharePermissions": [share, {"type": "global"}]}

    api = _Answering(confined.jira.api(), {"values": [shared("DEMO"), shared("SEC")], "total": 2})
    for path in ("/rest/api/3/dashboard/search", "/rest/api/3/filter/search"):
        page = await CONTAINERS.guarded(api, ALLOWED).get(path)
        assert [found["id"] for found in page["values"]] == ["DEMO"]
        assert "total" not in page
