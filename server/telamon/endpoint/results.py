"""What a tool gave back, as the content blocks of MCP: compact, clean, and not too much of it."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from telamon.endpoint.invisible import visible_text
from telamon.endpoint.kernel import types
from telamon.plugin import Audio, Content, Embedded, Image, Link, Text
from telamon.web.answers import encode_json

_CONTENT = (Text, Image, Audio, Embedded, Link)
_MOST_PROBLEMS = 5
_LONGEST_SENTENCE = 2000


def tool_result(value: object, limit: int) -> types.CallToolResult:
    """Turn what a tool returned into its result, with at most *limit* bytes of text.

    Raises:
        pydantic_core.PydanticSerializationError: It holds something that JSON cannot.
    """
    return types.CallToolResult(content=_Budget(limit).blocks(value))


def failed(sentence: str) -> types.CallToolResult:
    """Say in one sentence why a call failed."""
    text = visible_text(sentence)[:_LONGEST_SENTENCE]
    return types.CallToolResult(content=[types.TextContent(text=text)], is_error=True)


def wrong_arguments(error: ValidationError) -> str:
    """Name the arguments that do not fit, and why (SEP-1303)."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    said = [_problem(each["type"], each["loc"], each["msg"]) for each in problems]
    more = len(said) - _MOST_PROBLEMS
    rest = f" And {more} more." if more > 0 else ""
    return " ".join(said[:_MOST_PROBLEMS]) + rest + " Correct the arguments and call again."


def _problem(kind: str, place: Sequence[int | str], message: str) -> str:
    name = ".".join(str(part) for part in place)[:100]
    match kind:
        case "missing":
            return f"The argument {name!r} is missing."
        case "extra_forbidden":
            return f"There is no argument {name!r}."
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"The argument {name!r} must be an object."
        case "list_type":
            return f"The argument {name!r} must be a list."
        case _:
            said = message.removeprefix("Value error, ")
            return f"The argument {name!r} is wrong: {said}."


def embedded(content: Embedded, clean: Callable[[str], str]) -> types.EmbeddedResource:
    """Embed text as text, and anything else as base64."""
    if isinstance(content.data, str):
        resource: types.TextResourceContents | types.BlobResourceContents = (
            types.TextResourceContents(
                uri=content.uri, mime_type=content.media_type, text=clean(content.data)
            )
        )
    else:
        resource = types.BlobResourceContents(
            uri=content.uri, mime_type=content.media_type, blob=base64(content.data)
        )
    return types.EmbeddedResource(resource=resource)


def base64(data: bytes) -> str:
    """Return *data* in standard base64."""
    return b64encode(data).decode("ascii")


def block(content: Content | str, clean: Callable[[str], str]) -> types.ContentBlock:
    """Turn one content value into its block; *clean* sees every text."""
    match content:
        case str():
            return types.TextContent(text=clean(content))
        case Text():
            return types.TextContent(text=clean(content.text))
        case Image():
            return types.ImageContent(data=base64(content.data), mime_type=content.media_type)
        case Audio():
            return types.AudioContent(data=base64(content.data), mime_type=content.media_type)
        case Embedded():
            return embedded(content, clean)
        case Link():
            return types.ResourceLink(
                uri=content.uri,
                name=visible_text(content.name),
                mime_type=content.media_type,
                size=content.size,
            )


def without_nulls(value: Any) -> Any:
    """Return JSON-ready *value* without the members that are null."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {key: without_nulls(item) for key, item in members.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in cast("Iterable[Any]", value)]
    return value


class _Budget:
    """Writes blocks until the text is used up, and then says what was cut."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = limit

    def blocks(self, value: object) -> list[types.ContentBlock]:
        if value is None:
            return [types.TextContent(text="Done.")]
        if isinstance(value, (str, *_CONTENT)):
            return [block(value, self._text)]
        if contents := _contents(value):
            return [block(each, self._text) for each in contents]
        return [types.TextContent(text=self._text(_json(value)))]

    def _text(self, text: str) -> str:
        clean = visible_text(text)
        raw = clean.encode()
        if len(raw) <= self._left:
            self._left -= len(raw)
            return clean
        kept = raw[: self._left].decode(errors="ignore")
        self._left = 0
        return (
            f"{kept}\n\n[Cut here: the answer has {len(raw)} bytes and at most {self._limit} are "
            "sent. Ask for less: with fewer fields, a smaller page or a narrower search.]"
        )


def _contents(value: object) -> list[Content]:
    """Return *value* if it is a sequence of content values and nothing else."""
    if not isinstance(value, list | tuple):
        return []
    items = cast("tuple[object, ...]", value)
    contents = [item for item in items if isinstance(item, _CONTENT)]
    return contents if len(contents) == len(items) else []


def _json(value: object) -> str:
    ready = to_jsonable_python(value, by_alias=True, exclude_none=True, inf_nan_mode="null")
    return encode_json(without_nulls(ready)).decode()
