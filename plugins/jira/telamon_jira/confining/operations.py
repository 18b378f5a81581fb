"""Every operation that may be asked for within the allowed projects, and how it is confined.

What is not in :data:`OPERATIONS` is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from telamon_jira.confining import answers, checks
from telamon_jira.confining.answers import Clear
from telamon_jira.confining.checks import (
    Check,
    in_body,
    in_fields,
    in_path,
    in_query,
    in_targets,
    jql_in_body,
    jql_in_query,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """How an operation is confined: checks before it, in this order, and what its answer shows.

    From every answer goes what is outside by its shape; *answer* says what goes besides.
    """

    before: tuple[Check, ...] = ()
    answer: Clear | None = None


def rule(*before: Check, answer: Clear | None = None) -> Rule:
    """Return a rule."""
    return Rule(before, answer)


FREE = rule()
"""Holds nothing of any project: people, types of links, what the user may do on the site."""
ISSUE = in_path("issue", "issueIdOrKey")
PROJECT = in_path("project", "projectIdOrKey")
BOARD = in_path("board", "boardId")
SPRINT = in_path("sprint", "sprintId")
FOUND = answers.found_issues
VERSION = in_path("version", "id")
ATTACHMENT = in_path("attachment", "id")

REST = "/rest/api/3"
AGILE = "/rest/agile/1.0"
SOFTWARE = "/rest/software/1.0"
ONE_ISSUE = f"{REST}/issue/{{issueIdOrKey}}"
ONE_PROJECT = f"{REST}/project/{{projectIdOrKey}}"
CREATE_META = f"{REST}/issue/createmeta/{{projectIdOrKey}}/issuetypes"

OPERATIONS: Mapping[str, Rule] = MappingProxyType(
    {
        # the site
        f"GET {REST}/myself": FREE,
        f"GET {REST}/issueLinkType": FREE,
        f"GET {REST}/user/search": FREE,
        f"GET {REST}/field/search": rule(checks.projects_seen, answer=answers.site_wide),
        f"GET {REST}/status": rule(checks.projects_seen, answer=answers.site_wide),
        f"GET {REST}/label": rule(checks.labels_seen, answer=answers.labels),
        f"GET {REST}/jql/autocompletedata/suggestions": rule(
            checks.suggested_field, answer=answers.values_suggested
        ),
        f"GET {REST}/dashboard/search": rule(answer=answers.dashboards),
        f"GET {REST}/filter/search": rule(checks.projects_seen, answer=answers.filters),
        f"GET {REST}/filter/{{id}}": rule(in_path("filter", "id")),
        f"GET {REST}/mypermissions": rule(
            in_query(
                {
                    "issueId": "issue",
                    "issueKey": "issue",
                    "projectId": "project",
                    "projectKey": "project",
                },
                "permissions",
            )
        ),
        f"GET {REST}/user/assignable/search": rule(
            in_query(
                {"issueId": "issue", "issueKey": "issue", "project": "project"},
                *("accountId", "maxResults", "query", "startAt"),
            )
        ),
        # searches
        f"POST {REST}/search/jql": rule(jql_in_body, answer=FOUND),
        f"POST {REST}/search/approximate-count": rule(jql_in_body),
        f"GET {REST}/issue/picker": rule(checks.current_jql, answer=answers.suggestions),
        # issues
        f"GET {ONE_ISSUE}": rule(answer=answers.the_issue),
        f"PUT {ONE_ISSUE}": rule(ISSUE, in_fields),
        f"DELETE {ONE_ISSUE}": rule(ISSUE),
        f"POST {REST}/issue": rule(in_fields),
        f"POST {REST}/issue/bulk": rule(in_fields),
        f"POST {REST}/issue/bulkfetch": rule(answer=answers.fetched),
        f"GET {ONE_ISSUE}/editmeta": rule(ISSUE),
        f"GET {ONE_ISSUE}/changelog": rule(ISSUE),
        f"GET {ONE_ISSUE}/transitions": rule(ISSUE),
        f"POST {ONE_ISSUE}/transitions": rule(ISSUE, in_fields),
        f"GET {ONE_ISSUE}/comment": rule(ISSUE),
        f"POST {ONE_ISSUE}/comment": rule(ISSUE),
        f"GET {ONE_ISSUE}/comment/{{id}}": rule(ISSUE),
        f"PUT {ONE_ISSUE}/comment/{{id}}": rule(ISSUE),
        f"DELETE {ONE_ISSUE}/comment/{{id}}": rule(ISSUE),
        f"GET {ONE_ISSUE}/worklog": rule(ISSUE),
        f"GET {ONE_ISSUE}/worklog/{{id}}": rule(ISSUE),
        f"POST {ONE_ISSUE}/worklog": rule(ISSUE),
        f"PUT {ONE_ISSUE}/worklog/{{id}}": rule(ISSUE),
        f"DELETE {ONE_ISSUE}/worklog/{{id}}": rule(ISSUE),
        f"GET {ONE_ISSUE}/watchers": rule(ISSUE),
        f"POST {ONE_ISSUE}/watchers": rule(ISSUE),
        f"DELETE {ONE_ISSUE}/watchers": rule(ISSUE),
        f"GET {ONE_ISSUE}/remotelink": rule(ISSUE),
        f"POST {ONE_ISSUE}/remotelink": rule(ISSUE),
        f"DELETE {ONE_ISSUE}/remotelink/{{linkId}}": rule(ISSUE),
        f"POST {ONE_ISSUE}/attachments": rule(ISSUE),
        f"GET {REST}/attachment/{{id}}": rule(ATTACHMENT),
        f"GET {REST}/attachment/content/{{id}}": rule(ATTACHMENT),
        f"DELETE {REST}/attachment/{{id}}": rule(ATTACHMENT),
        f"POST {REST}/issueLink": rule(in_body),
        f"DELETE {REST}/issueLink/{{linkId}}": rule(in_path("link", "linkId")),
        f"POST {REST}/bulk/issues/move": rule(in_targets, in_body, answer=answers.begun_task),
        f"GET {REST}/bulk/queue/{{taskId}}": rule(checks.task_in_path, answer=answers.task),
        # projects
        f"GET {REST}/project/search": rule(checks.only_keys, answer=answers.projects),
        f"GET {ONE_PROJECT}": rule(PROJECT),
        f"GET {ONE_PROJECT}/version": rule(PROJECT),
        f"GET {ONE_PROJECT}/component": rule(PROJECT),
        f"GET {ONE_PROJECT}/statuses": rule(PROJECT),
        f"GET {CREATE_META}": rule(PROJECT),
        f"GET {CREATE_META}/{{issueTypeId}}": rule(PROJECT),
        f"POST {REST}/version": rule(in_body),
        f"PUT {REST}/version/{{id}}": rule(VERSION, in_body),
        f"POST {REST}/component": rule(in_body),
        # boards and sprints
        f"GET {AGILE}/board": rule(checks.only_board, answer=answers.boards),
        f"GET {AGILE}/board/{{boardId}}": rule(BOARD),
        f"GET {AGILE}/board/{{boardId}}/sprint": rule(BOARD, answer=answers.sprints),
        f"GET {SOFTWARE}/board/{{boardId}}/issue": rule(BOARD, jql_in_query, answer=FOUND),
        f"GET {SOFTWARE}/board/{{boardId}}/backlog": rule(BOARD, jql_in_query, answer=FOUND),
        f"GET {SOFTWARE}/epic/{{epicIdOrKey}}/issue": rule(
            in_path("issue", "epicIdOrKey"), jql_in_query, answer=FOUND
        ),
        f"GET {SOFTWARE}/sprint/{{sprintId}}/issue": rule(SPRINT, jql_in_query, answer=FOUND),
        f"GET {AGILE}/sprint/{{sprintId}}": rule(SPRINT),
        f"POST {AGILE}/sprint": rule(in_body),
        f"POST {AGILE}/sprint/{{sprintId}}": rule(SPRINT, in_body),
        f"POST {AGILE}/sprint/{{sprintId}}/issue": rule(SPRINT, in_body),
        f"POST {AGILE}/backlog/issue": rule(in_body),
        f"PUT {AGILE}/issue/rank": rule(in_body),
    }
)
