"""The emulated operations on tasks: the body has their text and state, a record the rest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telamon.plugin import Operation, SandboxRequest
from telamon_confluence.sandbox import asking, documents, writing
from telamon_confluence.sandbox.documents import Node, attributes_of, below
from telamon_confluence.sandbox.forms import body
from telamon_confluence.sandbox.records import Task, Version
from telamon_confluence.sandbox.replies import invalid, not_found, timestamp, v2
from telamon_confluence.sandbox.site import SiteState, task_items

_STATES: Mapping[str, str] = {"complete": "DONE", "incomplete": "TODO"}
_FORMATS = ("storage", "atlas_doc_format")
_FILTERS = (
    "include-blank-tasks",
    "status",
    "task-id",
    "space-id",
    "page-id",
    "blogpost-id",
    "created-by",
    "assigned-to",
    "completed-by",
    "created-at-from",
    "created-at-to",
    "due-at-from",
    "due-at-to",
    "completed-at-from",
    "completed-at-to",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """A task with its item in the body."""

    task: Task
    item: Node

    @property
    def status(self) -> str:
        return "complete" if attributes_of(self.item)["state"] == "DONE" else "incomplete"

    @property
    def assignee(self) -> str | None:
        mentions = (node for node in below(self.item) if node["type"] == "mention")
        return next((str(attributes_of(node)["id"]) for node in mentions), None)

    @property
    def due(self) -> float | None:
        dates = (node for node in below(self.item) if node["type"] == "date")
        return next((int(attributes_of(node)["timestamp"]) / 1000 for node in dates), None)


def operations(site: Callable[[SandboxRequest], SiteState]) -> Sequence[Operation]:
    """Return the operations; *site* gives the state that a request is about."""

    def find(request: SandboxRequest) -> Any:
        state = site(request)
        seen = [each for each in _visible(state, request) if _passes(state, request, each)]
        seen.sort(key=lambda each: each.task.id)
        return asking.page(request, "/tasks", seen, lambda each: _shape(state, request, each))

    def read(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
        state = site(request)
        return _shape(state, request, _one(state, request, id))

    def update(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
        state = site(request)
        seen = _one(state, request, id)
        content = state.changeable(request.person, seen.task.content, "page", "blogpost")
        status = writing.members(request, "status")["status"]
        if status not in _STATES:
            raise invalid("Provided value for 'status' is not one of complete, incomplete.")
        document = documents.copy(content.now.body)
        for item in task_items(document):
            if item["attrs"]["localId"] == seen.task.local_id:
                item["attrs"]["state"] = _STATES[status]
        content.now.body = document
        done = status == "complete"
        seen.task.updated = state.clock()
        seen.task.completed_by = request.person.account_id if done else None
        seen.task.completed = state.clock() if done else None
        return _shape(state, request, _one(state, request, id))

    task_read, task_write = "read:task:confluence", "write:task:confluence"
    return [
        v2("GET", "/tasks", task_read, find, ("body-format", "cursor", "limit", *_FILTERS)),
        v2("GET", "/tasks/{id}", task_read, read, ("body-format",)),
        v2("PUT", "/tasks/{id}", task_write, update, ("body-format",)),
    ]


def _visible(state: SiteState, request: SandboxRequest) -> list[_Seen]:
    found: list[_Seen] = []
    for task in state.tasks.values():
        content = state.contents[task.content]
        if content.status != "current" or not state.sees(request.person, content):
            continue
        found += [
            _Seen(task=task, item=item)
            for item in task_items(content.now.body)
            if item["attrs"]["localId"] == task.local_id
        ]
    return found


def _one(state: SiteState, request: SandboxRequest, number: str) -> _Seen:
    wanted = asking.content_number(number)
    for seen in _visible(state, request):
        if seen.task.id == wanted:
            return seen
    raise not_found()


def _passes(state: SiteState, request: SandboxRequest, seen: _Seen) -> bool:
    content = state.contents[seen.task.content]
    of_page = str(content.id) if content.kind == "page" else None
    of_blog = str(content.id) if content.kind == "blogpost" else None
    values: Mapping[str, str | None] = {
        "task-id": str(seen.task.id),
        "space-id": str(content.space),
        "page-id": of_page,
        "blogpost-id": of_blog,
        "created-by": seen.task.created_by,
        "assigned-to": seen.assignee,
        "completed-by": seen.task.completed_by,
    }
    moments: Mapping[str, float | None] = {
        "created-at": seen.task.created,
        "due-at": seen.due,
        "completed-at": seen.task.completed,
    }
    status = asking.choice(request, "status", tuple(_STATES))
    return (
        status in (None, seen.status)
        and all(
            (wanted := asking.several(request, name)) is None or value in wanted
            for name, value in values.items()
        )
        and all(_within(request, name, value) for name, value in moments.items())
    )


def _within(request: SandboxRequest, name: str, value: float | None) -> bool:
    least = asking.number(request, f"{name}-from", 0, 0, 10**14)
    most = asking.number(request, f"{name}-to", 10**14, 0, 10**14)
    asked = request.value(f"{name}-from") or request.value(f"{name}-to")
    return asked is None or (value is not None and least <= value * 1000 <= most)


def _shape(state: SiteState, request: SandboxRequest, seen: _Seen) -> dict[str, Any]:
    task = seen.task
    content = state.contents[task.content]
    form = asking.choice(request, "body-format", _FORMATS)
    text = documents.doc(documents.para(*below(seen.item)))
    made = Version(number=1, author=task.created_by, saved=task.created, body=text)
    return {
        "id": str(task.id),
        "localId": task.local_id,
        "spaceId": str(content.space),
        "pageId": str(content.id) if content.kind == "page" else None,
        "blogPostId": str(content.id) if content.kind == "blogpost" else None,
        "status": seen.status,
        "body": body(made, form),
        "createdBy": task.created_by,
        "assignedTo": seen.assignee,
        "completedBy": task.completed_by,
        "createdAt": timestamp(task.created),
        "updatedAt": timestamp(task.updated),
        "dueAt": timestamp(seen.due) if seen.due else None,
        "completedAt": timestamp(task.completed) if task.completed else None,
    }
