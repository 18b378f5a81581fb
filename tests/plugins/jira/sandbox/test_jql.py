"""The emulator's query language: what it finds, and what it refuses instead of guessing."""

from datetime import UTC, datetime

import pytest
from fakes.jira_api import ADA, BEN, FIRST, NOW, Sandbox

from telamon.plugin import Person, SandboxRequest, World
from telamon_jira.sandbox import jql, seed
from telamon_jira.sandbox.jql.moments import moment
from telamon_jira.sandbox.jql.syntax import Function, Value
from telamon_jira.sandbox.problems import Refused
from telamon_jira.sandbox.view import View

WORLD = World(people=(ADA, BEN), sites=(FIRST,), now=lambda: NOW)


def view(person: Person = ADA) -> View:
    return View(
        world=WORLD,
        state=seed.site_state(WORLD, 0),
        request=SandboxRequest(person=person, site=FIRST, query={}),
    )


def found(query: str, person: Person = ADA) -> list[str]:
    return [issue.key for issue in jql.find(view(person), f"{query} ORDER BY key ASC")]


def refusal(query: str) -> str:
    with pytest.raises(Refused) as refused:
        jql.find(view(), query)
    assert refused.value.status == 400
    return " ".join(refused.value.messages)


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("key = DEMO-3", "DEMO-3"),
        ("issuekey in (demo-3, 10004)", "DEMO-3 DEMO-4"),
        ("project = 'Demo shop' AND type = Epic", "DEMO-1 DEMO-2"),
        ("project = OPS AND status = Done", "OPS-3 OPS-6 OPS-10"),
        ("project = 10001 and statusCategory = 'In Progress'", "OPS-2 OPS-8"),
        ("project = OPS AND NOT status in (Done, 'To Do')", "OPS-2 OPS-8"),
        ("project = OPS AND ! (status = Done OR status = 'To Do')", "OPS-2 OPS-8"),
        ("project = OPS && assignee is EMPTY || key = DEMO-1", "DEMO-1 OPS-4 OPS-7"),
        ("project = OPS AND assignee = null", "OPS-4 OPS-7"),
        ("project = OPS AND assignee is not null AND priority = Highest", "OPS-1"),
        ("assignee = currentUser() AND project = SEC", "SEC-1 SEC-2"),
        ("assignee = ben@example.com AND status = 'In Review'", "DEMO-4"),
        ("assignee = 'Ben Example' AND status = 'In Review'", "DEMO-4"),
        ("assignee != 5b10a0000000000000000001 AND project = SEC", ""),
        ("assignee not in (5b10a0000000000000000001) AND labels = docs", ""),
        ("labels = design AND labels != accessibility", "DEMO-2 DEMO-10 DEMO-11"),
        ("labels in (backup) AND labels not in (docs)", "OPS-2 OPS-10"),
        ("parent = DEMO-4", "DEMO-5 DEMO-6"),
        ("component = Payments AND fixVersion = '1.9'", "DEMO-8"),
        ("component in (Payments, Search) AND type = Bug", "DEMO-13"),
        ("affectedVersion = 1.8", "DEMO-9"),
        ("fixVersion in unreleasedVersions() AND type = Bug", "DEMO-3"),
        ("fixVersion in releasedVersions(DEMO) AND type = Bug", "DEMO-9 DEMO-19"),
        ("sprint in openSprints() AND type = Bug", "DEMO-3 DEMO-14"),
        ("sprint in futureSprints()", "DEMO-12 DEMO-15 DEMO-22"),
        ("sprint in closedSprints() AND assignee = currentUser()", "DEMO-8 DEMO-19"),
        ("sprint = 'Sprint 9'", "DEMO-12 DEMO-15 DEMO-22"),
        ("'Story points' > 5", "DEMO-4 DEMO-17"),
        ("cf[10016] in (8) OR cf[10016] = 1", "DEMO-4 DEMO-9 DEMO-17 DEMO-19"),
        ("'story points' >= 5 AND 'story points' != 5 ", "DEMO-4 DEMO-17"),
        ("'story points' < 2 ", "DEMO-9 DEMO-19"),
        ("'story points' not in (1, 2, 3, 5)", "DEMO-4 DEMO-17"),
        ("Severity = Blocker OR cf[10050] = Major", "DEMO-3 DEMO-13"),
        ("resolution = Duplicate", "DEMO-21"),
        ("resolution is empty AND type = Subtask", "DEMO-6"),
        ("issue in linkedIssues(DEMO-3)", "DEMO-15 DEMO-21 SEC-1"),
        ("watcher = 5b10a0000000000000000002", "DEMO-3"),
        ("worklogAuthor = 5b10a0000000000000000002", "DEMO-3"),
        ("text ~ voucher AND type = Bug", "DEMO-3 DEMO-9 DEMO-21"),
        ("summary ~ 'vouch*' AND summary !~ duplicate", "DEMO-3 DEMO-9"),
        ("text ~ '\"voucher SPRING\"'", "DEMO-3"),
        ("text ~ '\"SPRING voucher\"'", ""),
        ("comment ~ reproduce", "DEMO-3"),
        ("description ~ umlauts", "DEMO-13"),
        ("'Acceptance criteria' ~ phone AND component = Payments", "DEMO-7 DEMO-20"),
        ("environment is EMPTY AND project = SEC AND type = Bug", "SEC-2"),
        ("created > -4d", "OPS-1 OPS-7"),
        ("created >= '-4d' AND project = DEMO", "DEMO-22"),
        ("created <= '2026-04-20'", "DEMO-1 OPS-6"),
        ("created < '2026/04/20 12:00' AND created > 2026-04-10", "DEMO-1"),
        ("updated >= startOfDay(-2d)", "DEMO-15 DEMO-22 OPS-1 OPS-7 OPS-8"),
        ("created > startOfWeek() OR created > now()", ""),
        ("created > startOfWeek(-1) AND project = OPS", "OPS-1 OPS-5 OPS-7 OPS-8"),
        ("created > startOfMonth() AND project = SEC", "SEC-1 SEC-3"),
        ("created < startOfYear()", ""),
        ("resolved >= '-2w' AND project = OPS", "OPS-3 OPS-10"),
        ("due <= endOfWeek()", "DEMO-3 OPS-1"),
        ("due = 2026-06-17", "DEMO-3"),
        ("due != 2026-06-17", "DEMO-15 DEMO-22 OPS-1"),
        ("creator = 5b10a0000000000000000001 AND key = DEMO-1", "DEMO-1"),
        ("key = DEMO-1 AND reporter = 5b10a0000000000000000001", "DEMO-1"),
    ],
)
def test_a_query_finds_exactly_what_it_says(query: str, keys: str) -> None:
    assert found(query) == keys.split()


def test_nobody_finds_what_they_may_not_see() -> None:
    assert found("labels = review", BEN) == []
    assert found("key in linkedIssues(DEMO-3)", BEN) == ["DEMO-15", "DEMO-21"]
    with pytest.raises(Refused, match="does not exist"):
        found("project = SEC", BEN)


def test_an_order_by_several_fields_is_kept() -> None:
    issues = jql.find(view(), "project = SEC ORDER BY status ASC, key DESC")
    assert [issue.key for issue in issues] == ["SEC-2", "SEC-1", "SEC-3"]
    by_priority = jql.find(view(), "project = SEC ORDER BY priority DESC")
    assert [issue.key for issue in by_priority] == ["SEC-1", "SEC-2", "SEC-3"]
    empty_last = jql.find(view(), "project = SEC ORDER BY assignee DESC")
    assert empty_last[-1].key == "SEC-3"
    empty_first = jql.find(view(), "project = SEC ORDER BY assignee ASC")
    assert empty_first[0].key == "SEC-3"
    ranked = jql.find(view(), "project = SEC ORDER BY Rank")
    assert [issue.key for issue in ranked] == ["SEC-1", "SEC-2", "SEC-3"]


def test_without_an_order_the_newest_come_first() -> None:
    assert [issue.key for issue in jql.find(view(), "project = SEC")] == ["SEC-3", "SEC-2", "SEC-1"]


def test_a_query_that_restricts_nothing_is_refused_unless_it_need_not() -> None:
    assert "Unbounded" in refusal("ORDER BY created")
    assert "Unbounded" in refusal("")
    assert len(jql.find(view(), "", bounded=False)) == 35


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("nonsense = 1", "Field 'nonsense' does not exist"),
        ("project = DEMO ORDER BY nonsense", "Field 'nonsense' does not exist"),
        ("status ~ Done", "operator '~' is not supported by the 'status' field"),
        ("summary = x", "operator '=' is not supported by the 'summary' field"),
        ("rank = 1", "operator '=' is not supported"),
        ("status = Nowhere", "value 'Nowhere' does not exist for the field 'status'"),
        ("project in (LAB, OPS)", "value 'LAB' does not exist for the field 'project'"),
        ("sprint = 99", "value '99' does not exist for the field 'sprint'"),
        ("key = DEMO-999", "value 'DEMO-999' does not exist"),
        ("status was Done", "Expecting an operator but got 'was'"),
        ("status changed", "Expecting an operator but got 'changed'"),
        ("status =", "Expecting a value or a function but got the end"),
        ("status", "Expecting an operator but got the end"),
        ("= 1", "Expecting a field name but got '='"),
        ("project = DEMO AND", "Expecting a field name but got the end"),
        ("(project = DEMO", "Expecting ')' but got the end"),
        ("project = DEMO)", "Expecting either 'OR' or 'AND' but got ')'"),
        ("project = DEMO project = OPS", "Expecting either 'OR' or 'AND'"),
        ("project in (DEMO", "Expecting ')'"),
        ("project not DEMO", "Expecting 'in'"),
        ("project = DEMO ORDER created", "Expecting 'by'"),
        ('summary ~ "x', "is not expected here"),
        ("key in linkedIssues(DEMO-3", "Expecting an argument"),
        ("assignee = membersOf(x)", "Unable to find JQL function 'membersOf()'"),
        ("status = currentUser()", "Unable to find JQL function"),
        ("created > soon", "Date value 'soon'"),
        ("created > membersOf()", "Date value 'membersOf'"),
        ("created > startOfDay(x)", "Date value 'startOfDay'"),
        ("cf[10016] > many", "is not a number"),
        ("assignee is 5b10a0000000000000000001", "only takes EMPTY or NULL"),
        ("text ~ '?!'", "cannot be searched"),
        ("text ~ 'a OR b'", "cannot be searched"),
        ("text ~ '-a'", "cannot be searched"),
        (
            "project = DEMO ORDER BY key, key, key, key, key, key, key, key",
            "sorts by more than 7 fields",
        ),
    ],
)
def test_what_is_not_understood_is_refused_in_jiras_way(query: str, problem: str) -> None:
    assert problem in refusal(query)


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        ('"Sprint 9"', "Sprint 9"),
        ("'Sprint 9'", "Sprint 9"),
        ('"a\\"b\\\\c\\nd"', 'a"b\\c\nd'),
        ("plain\\ word", "plain word"),
    ],
)
def test_literals_are_unescaped(literal: str, text: str) -> None:
    assert f"'{text}'" in refusal(f"status = {literal}")


@pytest.mark.parametrize(
    ("operand", "at"),
    [
        (Value("2026-06-15"), "2026-06-14T22:00"),
        (Value("-1w 2d"), "2026-06-06T12:00"),
        (Value("+30m"), "2026-06-15T12:30"),
        (Function("now", ()), "2026-06-15T12:00"),
        (Function("startOfDay", ()), "2026-06-14T22:00"),
        (Function("endOfDay", ("-1d",)), "2026-06-14T21:59"),
        (Function("startOfWeek", ("-1",)), "2026-06-06T22:00"),
        (Function("endOfMonth", ()), "2026-06-30T21:59"),
        (Function("startOfMonth", ("-1",)), "2026-04-30T22:00"),
        (Function("endOfYear", ("+1y",)), "2027-12-31T22:59"),
        (Function("startOfDay", ("-2M",)), "2026-04-14T22:00"),
    ],
)
def test_points_in_time_follow_the_users_time_zone(operand: Value | Function, at: str) -> None:
    seconds = moment(view(), "created", operand)
    assert f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%dT%H:%M}" == at


async def test_a_page_token_of_another_query_is_refused(jira: Sandbox) -> None:
    page = await jira.call("searchJiraIssuesUsingJql", {"jql": "project = DEMO", "maxResults": 1})
    for token in (page["nextPageToken"], "nonsense", "MTp4"):
        with pytest.raises(Exception, match="next page token"):
            await jira.call(
                "searchJiraIssuesUsingJql", {"jql": "project = OPS", "nextPageToken": token}
            )
