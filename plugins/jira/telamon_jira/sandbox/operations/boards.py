"""Boards, backlogs, epics and ranks."""

from typing import Any

from telamon.plugin import SandboxResponse
from telamon_jira.sandbox import changing, jql
from telamon_jira.sandbox.definitions import EPIC, SUBTASK
from telamon_jira.sandbox.fields import RANK, SPRINT
from telamon_jira.sandbox.operations.routing import Routes, counted, nothing, ok, whole_number
from telamon_jira.sandbox.operations.search import token_page
from telamon_jira.sandbox.problems import Refused
from telamon_jira.sandbox.state import Board, Issue
from telamon_jira.sandbox.view import View
from telamon_jira.values import items

MOVED_AT_ONCE = 50


def find_board(view: View, board_id: str) -> Board:
    """Return a board this person may see."""
    board = view.state.boards.get(whole_number(board_id, "boardId"))
    if board is None or not view.may_see(view.state.projects[board.project]):
        raise Refused(
            404,
            "The requested board cannot be viewed because it either does not exist "
            "or you do not have permission to view it.",
        )
    return board


def _board_json(view: View, board: Board) -> dict[str, Any]:
    project = view.state.projects[board.project]
    return {
        "id": board.id,
        "self": view.rest(f"board/{board.id}").replace("api/3", "agile/1.0"),
        "name": board.name,
        "type": board.type,
        "location": {
            "projectId": int(project.id),
            "displayName": f"{project.name} ({project.key})",
            "projectName": project.name,
            "projectKey": project.key,
            "projectTypeKey": "software",
            "avatarURI": f"{view.state.site.url}/avatar/project/{project.id}",
            "name": f"{project.name} ({project.key})",
        },
        "isPrivate": project.private,
    }


def boards(view: View) -> SandboxResponse:
    """GET boards by name, type and project."""
    name = (view.query("name") or "").casefold()
    kinds = view.queries("type")
    project = view.query("projectKeyOrId")
    wanted = view.project(project).key if project else None
    found = [
        board
        for board in view.state.boards.values()
        if view.may_see(view.state.projects[board.project])
        and name in board.name.casefold()
        and (not kinds or board.type in kinds)
        and wanted in (None, board.project)
    ]
    return counted(view, found, lambda board: _board_json(view, board))


def board(view: View, board_id: str) -> SandboxResponse:
    """GET a board."""
    return ok(_board_json(view, find_board(view, board_id)))


def _rank(issue: Issue) -> str:
    return str(issue.values.get(RANK) or "")


def ranked_page(view: View, issues: list[Issue], scope: str) -> SandboxResponse:
    """Answer one page of *issues* in the order of their ranks; *scope* names the list."""
    query = view.query("jql")
    kept = {issue.id for issue in jql.find(view, query, bounded=False)} if query else None
    found = sorted((i for i in issues if kept is None or i.id in kept), key=_rank)
    return ok(
        token_page(
            view,
            found,
            f"{scope}:{query}",
            token=view.query("nextPageToken"),
            size=view.number("maxResults", 50, 100),
            fields=view.queries("fields") or ["*all"],
            expand=view.queries("expand"),
        )
    )


def _on(view: View, board: Board) -> list[Issue]:
    return [
        issue
        for issue in view.issues()
        if issue.project == board.project and issue.values["issuetype"] != EPIC
    ]


def board_issues(view: View, board_id: str) -> SandboxResponse:
    """GET the issues of a board."""
    found = find_board(view, board_id)
    return ranked_page(view, _on(view, found), f"board-{found.id}")


def backlog(view: View, board_id: str) -> SandboxResponse:
    """GET the issues of a board that are not done and in no open sprint."""
    found = find_board(view, board_id)
    waiting = [
        issue
        for issue in _on(view, found)
        if issue.values["issuetype"] != SUBTASK
        and not issue.values.get("resolution")
        and not any(view.state.sprints[number].state != "closed" for number in issue.listed(SPRINT))
    ]
    return ranked_page(view, waiting, f"backlog-{found.id}")


def epic_issues(view: View, epic_id_or_key: str) -> SandboxResponse:
    """GET the issues of an epic."""
    epic = view.issue(epic_id_or_key)
    if epic.values["issuetype"] != EPIC:
        raise Refused(404, "The requested epic does not exist.")
    inside = [i for i in view.issues() if i.values.get("parent") == epic.id]
    return ranked_page(view, inside, f"epic-{epic.id}")


def named_issues(view: View) -> list[Issue]:
    """Return the issues that a body names in order to move them."""
    wanted = [str(key) for key in items(view.body().get("issues"))]
    if not 0 < len(wanted) <= MOVED_AT_ONCE:
        raise Refused(400, f"Between 1 and {MOVED_AT_ONCE} issues can be moved at once.")
    return [view.editable(key) for key in wanted]


def move_to_backlog(view: View) -> SandboxResponse:
    """POST issues out of their open sprints."""
    for issue in named_issues(view):
        closed = [
            number
            for number in issue.listed(SPRINT)
            if view.state.sprints[number].state == "closed"
        ]
        changing.record(view, issue, {SPRINT: closed or None})
    return nothing()


def rank(view: View) -> SandboxResponse:
    """PUT issues before or after another one."""
    place(view, named_issues(view))
    return nothing()


def place(view: View, moved: list[Issue]) -> None:
    """Put *moved* beside the issue that the body names, by numbering all ranks anew."""
    body = view.body()
    before, after = body.get("rankBeforeIssue"), body.get("rankAfterIssue")
    if not before and not after:
        return
    target = view.issue(str(before or after))
    if target in moved:
        raise Refused(400, "An issue cannot be ranked beside itself.")
    order = [i for i in sorted(view.state.issues.values(), key=_rank) if i not in moved]
    at = order.index(target) + (0 if before else 1)
    for number, issue in enumerate([*order[:at], *moved, *order[at:]]):
        issue.values[RANK] = f"0|i{number:05d}:"


BOARD = "/rest/agile/1.0/board"
SOFTWARE = "/rest/software/1.0"
ROUTES: Routes = {
    f"GET {BOARD}": boards,
    f"GET {BOARD}/{{boardId}}": board,
    f"GET {SOFTWARE}/board/{{boardId}}/issue": board_issues,
    f"GET {SOFTWARE}/board/{{boardId}}/backlog": backlog,
    f"GET {SOFTWARE}/epic/{{epicIdOrKey}}/issue": epic_issues,
    "POST /rest/agile/1.0/backlog/issue": move_to_backlog,
    "PUT /rest/agile/1.0/issue/rank": rank,
}
