"""What the emulated Confluence keeps: plain mutable records, one set for each site."""

from dataclasses import dataclass, field
from typing import Literal

from telamon_confluence.sandbox.documents import Node

Kind = Literal["page", "blogpost", "folder"]
CommentKind = Literal["footer", "inline"]
Rights = Literal["read", "update"]


@dataclass(kw_only=True, slots=True)
class Space:
    """A space. ``readers`` and ``writers`` are account ids; ``None`` is everybody."""

    id: int
    key: str
    name: str
    created: float
    author: str
    description: str = ""
    kind: str = "global"
    status: str = "current"
    homepage: int | None = None
    labels: list[str] = field(default_factory=list[str])
    readers: frozenset[str] | None = None
    writers: frozenset[str] | None = None


@dataclass(kw_only=True, slots=True)
class Version:
    """One saved state of content or of a comment."""

    number: int
    author: str
    saved: float
    body: Node
    title: str = ""
    message: str = ""


@dataclass(kw_only=True, slots=True)
class Content:
    """A page, a blog post or a folder, with all its versions, the newest last."""

    id: int
    kind: Kind
    space: int
    author: str
    created: float
    versions: list[Version]
    draft: Version | None = None
    parent: int | None = None
    position: int = 0
    status: str = "current"
    subtype: str = ""
    labels: list[str] = field(default_factory=list[str])
    restricted: dict[Rights, frozenset[str]] = field(default_factory=dict[Rights, frozenset[str]])
    views: int = 0

    @property
    def now(self) -> Version:
        """The newest version."""
        return self.versions[-1]

    @property
    def title(self) -> str:
        """Its title."""
        return self.now.title


@dataclass(kw_only=True, slots=True)
class Comment:
    """A footer or inline comment, or a reply to one."""

    id: int
    kind: CommentKind
    content: int
    versions: list[Version]
    parent: int | None = None
    selection: str = ""
    marker: str = ""
    resolution: str = "open"

    @property
    def now(self) -> Version:
        """The newest version."""
        return self.versions[-1]


@dataclass(kw_only=True, slots=True)
class FileVersion:
    """One upload of an attachment."""

    number: int
    author: str
    saved: float
    data: bytes
    media_type: str
    comment: str = ""


@dataclass(kw_only=True, slots=True)
class Attachment:
    """A file on a page or blog post."""

    id: int
    content: int
    name: str
    file_id: str
    versions: list[FileVersion]
    status: str = "current"

    @property
    def now(self) -> FileVersion:
        """The newest upload."""
        return self.versions[-1]


@dataclass(kw_only=True, slots=True)
class Task:
    """What Confluence remembers of a task item that the page's body does not say."""

    id: int
    content: int
    local_id: str
    created_by: str
    created: float
    updated: float
    completed_by: str | None = None
    completed: float | None = None


@dataclass(kw_only=True, slots=True)
class Template:
    """A page template, of one space or of the whole site."""

    id: int
    name: str
    description: str
    storage: str
    space: int | None = None
    labels: list[str] = field(default_factory=list[str])


@dataclass(kw_only=True, slots=True)
class LongTask:
    """Work that Confluence does after it answered; each look at it finds it further on."""

    id: str
    name: str
    looked: int = 0
    destination: int | None = None
    total: int = 1
