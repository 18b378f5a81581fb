"""What the product declares: names, schemas, scopes, settings."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.jira_api import ADA, BEN, FIRST, Sandbox
from pydantic import ValidationError

from telamon.plugin import Forbidden, InvalidArgument, Tool, Unavailable, World
from telamon.plugin.testing import FakeApi, product_conforms
from telamon_jira import health, register_product
from telamon_jira.client import Jira, connect
from telamon_jira.sandbox.emulator import JiraEmulator
from telamon_jira.settings import JiraSettings

OFFICIAL = {
    "getJiraIssue": "issueIdOrKey fields fieldsByKeys expand properties updateHistory failFast",
    "editJiraIssue": "issueIdOrKey fields",
    "createJiraIssue": (
        "projectKey issueTypeName summary parent assignee_account_id additional_fields"
    ),
    "getTransitionsForJiraIssue": (
        "issueIdOrKey expand transitionId skipRemoteOnlyCondition includeUnavailableTransitions "
        "sortByOpsBarAndStatus"
    ),
    "transitionJiraIssue": "issueIdOrKey transition fields update historyMetadata",
    "lookupJiraAccountId": "searchString",
    "searchJiraIssuesUsingJql": "jql maxResults fields nextPageToken",
    "addCommentToJiraIssue": "issueIdOrKey commentBody commentVisibility",
    "getJiraIssueRemoteIssueLinks": "issueIdOrKey globalId",
    "getVisibleJiraProjects": "searchString action startAt maxResults expandIssueTypes",
    "getJiraProjectIssueTypesMetadata": "projectIdOrKey startAt maxResults",
    "getJiraIssueTypeMetaWithFields": "projectIdOrKey issueTypeId",
}
REQUIRED = {
    "getJiraIssue": {"issueIdOrKey"},
    "editJiraIssue": {"issueIdOrKey", "fields"},
    "createJiraIssue": {"projectKey", "issueTypeName", "summary"},
    "transitionJiraIssue": {"issueIdOrKey", "transition"},
    "addCommentToJiraIssue": {"issueIdOrKey", "commentBody"},
    "searchJiraIssuesUsingJql": {"jql"},
    "getVisibleJiraProjects": set[str](),
}
HOSTILE = (
    "../../user",
    "A-1/../../myself",
    "A-1?x=",
    "A-1#",
    "%2e%2e%2f",
    "A-1\0",
    "A-1%00",
    "A-1\\..",
    "A-1\n",
    " A-1",
    "",
    "1/../2",
    "À-1",
    "A-\u0661",
)
PEOPLE = ("accountId", "assignee_account_id", "leadAccountId")
"""Account ids, e-mail addresses or names: they are looked up and never part of a path."""
TOOLS = {tool.name: tool for tool in register_product().tools}


def test_the_product_conforms_to_the_contract() -> None:
    product_conforms(register_product())


@pytest.mark.parametrize("name", OFFICIAL)
def test_a_tool_of_atlassians_own_server_has_its_parameters(name: str) -> None:
    assert set(OFFICIAL[name].split()) <= TOOLS[name].schema["properties"].keys()


@pytest.mark.parametrize("name", REQUIRED)
def test_a_tool_requires_no_more_than_atlassians_own(name: str) -> None:
    assert set(TOOLS[name].schema.get("required", [])) == REQUIRED[name]


def test_tools_of_atlassians_own_server_are_listed() -> None:
    assert all(TOOLS[name].listed for name in OFFICIAL)


def test_the_listed_tools_are_short() -> None:
    listed = [
        {"name": t.name, "description": t.description, "inputSchema": t.schema}
        for t in TOOLS.values()
        if t.listed
    ]
    assert len(json.dumps(listed, separators=(",", ":"))) < 13_000


def parameters(schema: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every parameter of a schema with what may be in it, also within lists and objects."""
    if schema.get("type") == "array":
        yield from parameters(schema["items"], name)
        return
    yield name, schema
    for inner, found in schema.get("properties", {}).items():
        yield from parameters(found, inner)


IDENTIFYING = re.compile(r"(^id|Id|_id|Key|_key|^key|Issue|^issues|^parent)$")
"""What names one thing, be it alone or in a list."""
CLOSED = frozenset({"action", "adjustEstimate", "expand", "orderBy", "state", "status", "type"})
OPEN_TYPES = frozenset({"createIssueLink"})
"""Its type is one that an administrator made."""


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_every_key_and_id_has_a_pattern_and_every_closed_set_is_an_enum(tool: Tool[Jira]) -> None:
    for name, schema in parameters(tool.schema):
        if schema.get("type") == "string" and IDENTIFYING.search(name):
            assert schema["pattern"], name
        if name in CLOSED and not (name == "type" and tool.name in OPEN_TYPES):
            assert schema.get("enum"), name


@pytest.mark.parametrize(
    "name",
    [
        "issueIdOrKey",
        "issues",
        "parent",
        "inwardIssue",
        "rankBeforeIssue",
        "boardId",
        "taskId",
        "id",
        "targetProjectKey",
        "accountId",
        "assignee_account_id",
        "globalId",
    ],
)
def test_what_names_one_thing_is_looked_at(name: str) -> None:
    assert IDENTIFYING.search(name)
    assert name in {found for tool in TOOLS.values() for found, _ in parameters(tool.schema)}


def test_every_closed_set_is_known() -> None:
    seen = {
        name for tool in TOOLS.values() for name, one in parameters(tool.schema) if "enum" in one
    }
    assert seen == CLOSED


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_a_list_may_come_as_a_text_with_commas(tool: Tool[Jira]) -> None:
    for field, info in tool.arguments.model_fields.items():
        schema = tool.schema["properties"].get(info.alias, {})
        of = schema.get("items", {})
        if schema.get("type") != "array" or of.get("type") != "string":
            continue
        choices = of.get("enum", ["A-1", "BROWSE_X"])
        given = {str(info.alias): ", ".join(choices[-2:])}
        try:
            tool.arguments.model_validate(given)
        except ValidationError as refusal:
            wrong = [found for found in refusal.errors() if found["loc"][0] == info.alias]
            assert "list_type" not in {found["type"] for found in wrong}, field


def id_parameters() -> list[tuple[str, str]]:
    return [
        (tool.name, name)
        for tool in TOOLS.values()
        for name, schema in tool.schema["properties"].items()
        if schema.get("type") == "string"
        and name.lower().endswith(("id", "idorkey", "key"))
        and name not in ("globalId", *PEOPLE)
    ]


@pytest.mark.row("SEC-I01", "SEC-I02")
@pytest.mark.parametrize(("tool", "parameter"), id_parameters())
def test_no_path_hides_in_an_id(tool: str, parameter: str) -> None:
    arguments = TOOLS[tool].arguments
    for value in HOSTILE:
        with pytest.raises(ValidationError) as refusal:
            arguments.model_validate({parameter: value})
        assert parameter in {error["loc"][0] for error in refusal.value.errors()}, value


@pytest.mark.row("SEC-I01", "SEC-I02")
@pytest.mark.parametrize("person", [value for value in HOSTILE if value.isprintable() and value])
async def test_whatever_names_a_person_gets_into_no_path(jira: Sandbox, person: str) -> None:
    api = jira.api()
    with pytest.raises(InvalidArgument, match="finds nobody"):
        await jira.call(
            "addJiraIssueWatcher", {"issueIdOrKey": "DEMO-7", "accountId": person}, api=api
        )
    assert {request.path for request in api.requests} == {"/rest/api/3/user/search"}


@pytest.mark.parametrize("person", ["", "A\0", "A\n", "x" * 256])
def test_what_is_no_line_names_nobody(person: str) -> None:
    with pytest.raises(ValidationError, match="accountId"):
        TOOLS["addJiraIssueWatcher"].arguments.model_validate(
            {"issueIdOrKey": "DEMO-7", "accountId": person}
        )


def test_an_id_may_come_as_a_number() -> None:
    arguments = TOOLS["getJiraBoard"].arguments
    assert arguments.model_validate({"boardId": 1}) == arguments.model_validate({"boardId": "1"})
    assert TOOLS["getJiraBoard"].schema["properties"]["boardId"]["type"] == "string"
    for wrong in (-1, 1.5, True, None, [1]):
        with pytest.raises(ValidationError):
            arguments.model_validate({"boardId": wrong})


@pytest.mark.row("SEC-I09", "SEC-I10")
def test_no_tool_takes_a_file_path_or_an_address_to_open() -> None:
    names = {name.lower() for tool in TOOLS.values() for name in tool.schema["properties"]}
    assert not {name for name in names if name.endswith(("path", "file", "uri"))}


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_unknown_arguments_are_refused(tool: Tool[Jira]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        tool.arguments.model_validate({"nonsense": 1})


def test_every_setting_has_a_default_and_unknown_ones_are_refused() -> None:
    assert JiraSettings().recent_comments == 5
    with pytest.raises(ValidationError):
        JiraSettings.model_validate({"nonsense": 1})


GROUPS = {
    "issues": 31,
    "projects": 17,
    "people": 2,
    "agile": 13,
}


def test_every_tool_is_in_a_known_group() -> None:
    groups = [tool.group for tool in TOOLS.values()]
    assert {group: groups.count(group) for group in GROUPS} == GROUPS
    assert len(groups) == sum(GROUPS.values())


def test_boards_sprints_comments_and_labels_are_listed() -> None:
    assert all(
        TOOLS[name].listed
        for name in (
            "listJiraIssueComments",
            "listJiraLabels",
            "listJiraBoards",
            "listJiraBoardIssues",
            "listJiraBacklogIssues",
            "listJiraBoardSprints",
            "listJiraSprintIssues",
        )
    )


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_reads_need_no_scope_to_change_anything(tool: Tool[Jira]) -> None:
    if tool.access == "read":
        assert {scope.access for scope in tool.scopes} == {"read"}
    else:
        assert {scope.access for scope in tool.scopes} & {"write", "manage"}


def test_production_never_loads_the_emulator() -> None:
    program = (
        "import sys; import telamon_jira; telamon_jira.register_product(); "
        "print([name for name in sys.modules if name.startswith('telamon_jira.sandbox')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_sandbox_is_the_emulator() -> None:
    build = register_product().sandbox
    assert build is not None
    emulator = build(World(people=(ADA, BEN), sites=(FIRST,), now=lambda: 0.0))
    assert isinstance(emulator, JiraEmulator)


async def test_health_asks_for_no_more_than_one_project(jira: Sandbox) -> None:
    api = jira.api(ADA)
    await health(connect(api, JiraSettings()))
    assert [(r.path, r.query) for r in api.requests] == [
        ("/rest/api/3/project/search", {"maxResults": 1})
    ]


async def test_health_raises_when_jira_cannot_be_used() -> None:
    down = FakeApi(answers={("GET", "/rest/api/3/project/search"): Unavailable("Jira is down.")})
    with pytest.raises(Unavailable):
        await health(connect(down, JiraSettings()))


async def test_somebody_with_fewer_permissions_sees_and_changes_less(jira: Sandbox) -> None:
    seen = await jira.call("getVisibleJiraProjects", {"action": "view"}, person=BEN)
    changed = await jira.call("getVisibleJiraProjects", {"action": "edit"}, person=BEN)
    assert [project["key"] for project in seen["projects"]] == ["DEMO", "OPS"]
    assert [project["key"] for project in changed["projects"]] == ["DEMO"]
    with pytest.raises(Forbidden):
        await jira.call(
            "editJiraIssue", {"issueIdOrKey": "OPS-1", "fields": {"summary": "x"}}, person=BEN
        )
