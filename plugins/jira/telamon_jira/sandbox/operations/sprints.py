"""Sprints: planning, starting, filling and completing them."""

from datetime import datetime
from typing import Any

from telamon.plugin import SandboxResponse
from telamon_jira.sandbox import changing, shapes
from telamon_jira.sandbox.fields import SPRINT
from telamon_jira.sandbox.operations.boards import find_board, named_issues, place, ranked_page
from telamon_jira.sandbox.operations.routing import (
    Routes,
    counted,
    created,
    nothing,
    ok,
    whole_number,
)
from telamon_jira.sandbox.problems import Refused
from telamon_jira.sandbox.state import Board, Sprint
from telamon_jira.sandbox.view import View

AFTER = {"future": "active", "active": "closed"}


def sprints(view: View, board_id: str) -> SandboxResponse:
    """GET the sprints of a scrum board, of the ``state`` that is asked for."""
    found = find_board(view, board_id)
    if found.type != "scrum":
        raise Refused(400, "The board does not support sprints")
    states = view.queries("state")
    unknown = [state for state in states if state not in ("future", "active", "closed")]
    if unknown:
        raise Refused(400, f"Invalid sprint state: {unknown[0]}")
    shown = [
        sprint
        for sprint in view.state.sprints.values()
        if sprint.board == found.id and (not states or sprint.state in states)
    ]
    return counted(view, shown, lambda sprint: shapes.sprint(view, sprint))


def _sprint(view: View, sprint_id: str) -> Sprint:
    sprint = view.state.sprints.get(whole_number(sprint_id, "sprintId"))
    if sprint is None:
        raise Refused(404, "Sprint does not exist or you do not have permission to view it.")
    find_board(view, str(sprint.board))
    return sprint


def sprint(view: View, sprint_id: str) -> SandboxResponse:
    """GET a sprint."""
    return ok(shapes.sprint(view, _sprint(view, sprint_id)))


def sprint_issues(view: View, sprint_id: str) -> SandboxResponse:
    """GET the issues of a sprint."""
    found = _sprint(view, sprint_id)
    inside = [i for i in view.issues() if found.id in i.listed(SPRINT)]
    return ranked_page(view, inside, f"sprint-{found.id}")


def _instant(value: Any, name: str) -> float | None:
    if value is None:
        return None
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        raise Refused(400, f"'{value}' is not a valid value for '{name}'.") from None


def _managed(view: View, board: Board) -> None:
    view.require_edit(view.state.projects[board.project])


def create_sprint(view: View) -> SandboxResponse:
    """POST a future sprint on a scrum board."""
    body = view.body()
    home = find_board(view, str(body.get("originBoardId") or ""))
    _managed(view, home)
    if home.type != "scrum":
        raise Refused(400, "The board does not support sprints")
    name = body.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= 30:
        raise Refused(400, "The sprint name must have between 1 and 30 characters.")
    made = Sprint(
        id=view.state.new_id(),
        board=home.id,
        name=name,
        state="future",
        goal=str(body.get("goal") or ""),
        start=_instant(body.get("startDate"), "startDate"),
        end=_instant(body.get("endDate"), "endDate"),
    )
    view.state.sprints[made.id] = made
    return created(shapes.sprint(view, made))


def update_sprint(view: View, sprint_id: str) -> SandboxResponse:
    """POST a part of a sprint; future ones start, active ones complete, nothing goes back."""
    found = _sprint(view, sprint_id)
    _managed(view, view.state.boards[found.board])
    body = view.body()
    state = str(body.get("state") or found.state).lower()
    start = _instant(body.get("startDate"), "startDate") or found.start
    end = _instant(body.get("endDate"), "endDate") or found.end
    if found.state == "closed":  # only its words can be changed, the rest is ignored
        state, start, end = found.state, found.start, found.end
    if state not in (found.state, AFTER.get(found.state)):
        raise Refused(400, f"Sprint cannot go from {found.state} to {state}.")
    if state == "active" and (start is None or end is None):
        raise Refused(400, "A sprint needs a start date and an end date to be started.")
    if start is not None and end is not None and end <= start:
        raise Refused(400, "The end date of a sprint must be after the start date.")
    others = [s for s in view.state.sprints.values() if s.board == found.board and s is not found]
    if state == "active" != found.state and any(s.state == "active" for s in others):
        raise Refused(400, "Another sprint of this board is already active.")
    found.name = str(body.get("name") or found.name)
    found.goal = str(body.get("goal", found.goal))
    found.start, found.end = start, end
    if state == "closed" != found.state:
        found.completed = view.now
        _empty(view, found)
    found.state = state
    return ok(shapes.sprint(view, found))


def _empty(view: View, closing: Sprint) -> None:
    """Let the unfinished issues of a closing sprint go to the backlog."""
    for issue in view.state.issues.values():
        inside = issue.listed(SPRINT)
        if closing.id in inside and not issue.values.get("resolution"):
            kept = [number for number in inside if number != closing.id]
            changing.record(view, issue, {SPRINT: kept or None})


def move_to_sprint(view: View, sprint_id: str) -> SandboxResponse:
    """POST issues into an open sprint."""
    found = _sprint(view, sprint_id)
    if found.state == "closed":
        raise Refused(400, "Issues cannot be moved to a closed sprint.")
    moved = named_issues(view)
    for issue in moved:
        changing.record(view, issue, {SPRINT: [found.id]})
    place(view, moved)
    return nothing()


SPRINTS = "/rest/agile/1.0/sprint"
ROUTES: Routes = {
    "GET /rest/agile/1.0/board/{boardId}/sprint": sprints,
    "GET /rest/software/1.0/sprint/{sprintId}/issue": sprint_issues,
    f"POST {SPRINTS}": create_sprint,
    f"GET {SPRINTS}/{{sprintId}}": sprint,
    f"POST {SPRINTS}/{{sprintId}}": update_sprint,
    f"POST {SPRINTS}/{{sprintId}}/issue": move_to_sprint,
}
