"""What a tool, a resource or a prompt may give back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text or Markdown."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image the model can look at."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Audio:
    """A sound the model can hear."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Embedded:
    """A resource sent along: text as ``str``, anything else as ``bytes``."""

    uri: str
    data: str | bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Link:
    """A resource the client may read when it needs it."""

    uri: str
    name: str
    media_type: str | None = None
    size: int | None = None


Content = Text | Image | Audio | Embedded | Link
Blocks = Sequence[Content]
"""A tool that returns a sequence of content values sends them as they are; ``str`` is sent as text;
anything else (pydantic model, dataclass, mapping, list) as one compact JSON text without nulls."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt."""

    content: Content | str
    role: Literal["user", "assistant"] = "user"


Result = Any
"""What a tool's coroutine returns; see :data:`Blocks`."""
