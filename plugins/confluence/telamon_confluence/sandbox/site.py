"""One emulated Confluence site: its records, who may see and change them, and how they change."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from telamon.plugin import Person, Site
from telamon_confluence.sandbox.documents import Node, walk
from telamon_confluence.sandbox.passages import markers
from telamon_confluence.sandbox.records import (
    Attachment,
    Comment,
    Content,
    LongTask,
    Rights,
    Space,
    Task,
    Template,
    Version,
)
from telamon_confluence.sandbox.replies import forbidden, not_found


@dataclass(kw_only=True, slots=True)
class SiteState:
    """Everything of one site. Ids are unique within it and grow."""

    site: Site
    people: tuple[Person, ...]
    clock: Callable[[], float]
    last_id: int = 65536
    spaces: dict[int, Space] = field(default_factory=dict[int, Space])
    contents: dict[int, Content] = field(default_factory=dict[int, Content])
    comments: dict[int, Comment] = field(default_factory=dict[int, Comment])
    attachments: dict[int, Attachment] = field(default_factory=dict[int, Attachment])
    tasks: dict[int, Task] = field(default_factory=dict[int, Task])
    templates: dict[int, Template] = field(default_factory=dict[int, Template])
    long_tasks: dict[str, LongTask] = field(default_factory=dict[str, LongTask])

    def new_id(self) -> int:
        """Return an id that nothing has."""
        self.last_id += 1
        return self.last_id

    def sees_space(self, person: Person, space: Space) -> bool:
        """Tell whether *person* may see *space*."""
        return space.readers is None or person.account_id in space.readers

    def writes_space(self, person: Person, space: Space) -> bool:
        """Tell whether *person* may add to and change *space*."""
        return self.sees_space(person, space) and (
            space.writers is None or person.account_id in space.writers
        )

    def sees(self, person: Person, content: Content) -> bool:
        """Tell whether *person* may see *content*; a restriction holds for all below it."""
        if content.status == "draft" and content.author != person.account_id:
            return False
        return self.sees_space(person, self.spaces[content.space]) and all(
            _allowed(person, above, "read") for above in self.upward(content)
        )

    def changes(self, person: Person, content: Content) -> bool:
        """Tell whether *person* may change *content*."""
        return (
            self.sees(person, content)
            and self.writes_space(person, self.spaces[content.space])
            and _allowed(person, content, "update")
        )

    def upward(self, content: Content) -> Iterator[Content]:
        """Yield *content* and what is above it, up to the root of its space."""
        above: Content | None = content
        while above is not None:
            yield above
            above = self.contents.get(above.parent) if above.parent else None

    def children(self, parent: int) -> list[Content]:
        """Return what is directly below *parent*, in order, without drafts and trash."""
        below = [
            content
            for content in self.contents.values()
            if content.parent == parent and content.status == "current"
        ]
        return sorted(below, key=lambda content: (content.position, content.id))

    def space(self, person: Person, number: int) -> Space:
        """Return a space that *person* sees, or refuse."""
        space = self.spaces.get(number)
        if space is None or not self.sees_space(person, space):
            raise not_found()
        return space

    def space_by_key(self, key: str) -> Space | None:
        """Return the space with this key."""
        return next((space for space in self.spaces.values() if space.key == key), None)

    def content(self, person: Person, number: int, *kinds: str) -> Content:
        """Return content of one of *kinds* that *person* sees, or refuse."""
        content = self.contents.get(number)
        if content is None or content.kind not in kinds or not self.sees(person, content):
            raise not_found()
        return content

    def changeable(self, person: Person, number: int, *kinds: str) -> Content:
        """Return content that *person* may change; 404 if invisible, 403 if read-only."""
        content = self.content(person, number, *kinds)
        if not self.changes(person, content):
            raise forbidden("User does not have permission to change this content")
        return content

    def comment(self, person: Person, number: int, kind: str) -> Comment:
        """Return a comment on content that *person* sees, or refuse."""
        comment = self.comments.get(number)
        if comment is None or comment.kind != kind:
            raise not_found()
        self.content(person, comment.content, "page", "blogpost")
        return comment

    def resolution(self, comment: Comment) -> str:
        """Return an inline comment's state: an open one whose passage is gone is dangling."""
        if comment.resolution in ("open", "reopened") and comment.parent is None:
            return (
                comment.resolution
                if comment.marker in markers(self.contents[comment.content].now.body)
                else "dangling"
            )
        return comment.resolution

    def save(
        self, content: Content, author: str, body: Node, *, title: str, message: str = ""
    ) -> None:
        """Add the next version of *content*."""
        number = content.now.number + 1
        content.versions.append(
            Version(
                number=number,
                author=author,
                saved=self.clock(),
                body=body,
                title=title,
                message=message,
            )
        )
        self.keep_tasks(content)

    def keep_tasks(self, content: Content) -> None:
        """Remember the task items that the newest version has, and forget those it lost."""
        items = {node["attrs"]["localId"] for node in task_items(content.now.body)}
        known = {task.local_id: task for task in self.tasks.values() if task.content == content.id}
        for local_id in known.keys() - items:
            del self.tasks[known[local_id].id]
        for local_id in sorted(items - known.keys()):
            number = self.new_id()
            self.tasks[number] = Task(
                id=number,
                content=content.id,
                local_id=local_id,
                created_by=content.now.author,
                created=content.now.saved,
                updated=content.now.saved,
            )


def task_items(body: Node) -> list[Node]:
    """Return the task items of a document."""
    return [node for node in walk(body) if node["type"] in ("taskItem", "blockTaskItem")]


def _allowed(person: Person, content: Content, right: Rights) -> bool:
    allowed = content.restricted.get(right)
    return allowed is None or person.account_id in allowed
