"""What is taken out of answers of single operations, besides what is outside by its shape.

Numbers that count hidden things are taken out with them.
"""

from collections.abc import Callable
from typing import Any

from telamon.plugin import Asking, Json
from telamon_jira.confining import checks, tasks
from telamon_jira.confining.clearing import GONE
from telamon_jira.confining.whereabouts import KEYS, Whereabouts
from telamon_jira.values import items, members, objects

Clear = Callable[[Whereabouts, Asking, Json, Json], Json]
"""``clear(where, asking, answer, shown)``: what was answered, and what may be shown of it so far;
returns what may be shown, or :data:`GONE`."""


def the_issue(where: Whereabouts, _asking: Asking, answer: Json, shown: Json) -> Json:
    """Show an issue that says by its own key that it is inside."""
    return shown if where.projects.hold_issue(members(answer).get("key")) else GONE


def fetched(_where: Whereabouts, _asking: Asking, _answer: Json, shown: Json) -> Json:
    """Leave out which issues there are none of: those outside are missing there."""
    return _without(members(shown), "issueErrors")


def projects(where: Whereabouts, _asking: Asking, _answer: Json, shown: Json) -> Json:
    """Leave the total out where Jira could not be asked for the allowed projects alone."""
    return shown if len(where.projects.keys) <= KEYS else _without(members(shown), "total")


def boards(where: Whereabouts, _asking: Asking, _answer: Json, shown: Json) -> Json:
    """Show the boards of allowed projects."""
    return _only(members(shown), where.holds_board)


def sprints(_where: Whereabouts, asking: Asking, _answer: Json, shown: Json) -> Json:
    """Show the sprints that are the board's own; those of other boards may be anybody's."""
    board = str(asking.segments["boardId"])
    return _only(members(shown), lambda sprint: str(sprint.get("originBoardId")) == board)


def filters(where: Whereabouts, _asking: Asking, answer: Json, shown: Json) -> Json:
    """Show saved searches whose JQL is known and names nothing outside."""
    hidden = {str(f.get("id")) for f in _values(answer) if not where.holds_filter(f)}
    return _only(members(shown), lambda found: str(found.get("id")) not in hidden)


def dashboards(where: Whereabouts, _asking: Asking, answer: Json, shown: Json) -> Json:
    """Show dashboards that are not shared with a project outside."""
    hidden = {str(f.get("id")) for f in _values(answer) if where.is_shared_outside(f)}
    return _only(members(shown), lambda found: str(found.get("id")) not in hidden)


def found_issues(where: Whereabouts, _asking: Asking, _answer: Json, shown: Json) -> Json:
    """Show of a search the issues that say by their own keys that they are inside."""
    page = members(shown)
    found = objects(page.get("issues"))
    return {**page, "issues": [i for i in found if where.projects.hold_issue(i.get("key"))]}


def labels(where: Whereabouts, _asking: Asking, _answer: Json, shown: Json) -> Json:
    """Show the labels that issues inside have."""
    page = _without(members(shown), "total")
    return {
        **page,
        "values": [label for label in items(page.get("values")) if label in where.labels],
    }


def values_suggested(where: Whereabouts, asking: Asking, _answer: Json, shown: Json) -> Json:
    """Show of suggested labels those that issues inside have."""
    if not checks.asks_for_labels(asking):
        return shown
    found = objects(members(shown).get("results"))
    kept = [each for each in found if str(each.get("value")).strip('"') in where.labels]
    return {**members(shown), "results": kept}


def suggestions(_where: Whereabouts, _asking: Asking, _answer: Json, shown: Json) -> Json:
    """Leave out how many issues match."""
    sections = [
        _without(section, "sub", "msg") for section in objects(members(shown).get("sections"))
    ]
    return {**members(shown), "sections": sections}


def site_wide(where: Whereabouts, _asking: Asking, _answer: Json, shown: Json) -> Json:
    """Leave out statuses and fields that are one project's own, if that is outside."""
    known = {project.id for project in where.visible}

    def is_inside(found: dict[str, Any]) -> bool:
        scope = members(found.get("scope"))
        own = scope.get("type") == "PROJECT"
        return not own or str(members(scope.get("project")).get("id")) in known

    if isinstance(shown, list):
        return [found for found in objects(shown) if is_inside(found)]
    return _only(members(shown), is_inside)


def begun_task(where: Whereabouts, _asking: Asking, _answer: Json, shown: Json) -> Json:
    """Remember that all issues of this task were checked."""
    where.begun.add(str(members(shown).get("taskId")))
    return shown


def task(where: Whereabouts, asking: Asking, _answer: Json, shown: Json) -> Json:
    """Show of a task the issues that are known to be inside."""
    mine = str(asking.segments["taskId"]) in where.begun
    return tasks.cleared(members(shown), where.inside_ids, mine=mine)


def _values(answer: Json) -> list[dict[str, Any]]:
    return objects(members(answer).get("values"))


def _only(page: dict[str, Any], inside: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return a page with what is inside, and no total: that counts what other pages hide."""
    kept = [found for found in _values(page) if inside(found)]
    return {**_without(page, "total"), "values": kept}


def _without(found: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in names}
