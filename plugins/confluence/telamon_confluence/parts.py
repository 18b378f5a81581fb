"""Parts of a long body: how much one answer shows, and how to get the rest."""

from collections.abc import Sequence
from typing import Any

from telamon.plugin import InvalidArgument, Json, TooLarge
from telamon_confluence import bodies
from telamon_confluence.arguments import BodyFormat

LONGEST = 100_000
"""Characters of one body in one answer."""

LONGEST_ADF = 800_000
"""Characters of a body as ADF, which cannot be cut."""

_MOST_HEADINGS = 100


async def shown(
    content: Json,
    body_format: BodyFormat | None,
    *,
    section: str | None = None,
    occurrence: int | None = None,
    start: int = 0,
) -> dict[str, Any]:
    """Return the body of a page, or the part of it that was asked for; what is left out is said.

    Raises:
        InvalidArgument: There is no such part.
        TooLarge: It is too long as ADF.
    """
    return await bodies.aside(
        bodies.size(content), _shown, content, body_format, section, occurrence, start
    )


async def of_many(
    items: Sequence[Json], body_format: BodyFormat | None
) -> tuple[list[str | dict[str, Any]], str | None]:
    """Return the bodies of comments and the like, and what to say where they had to be cut.

    Raises:
        TooLarge: They are too long as ADF.
    """
    if body_format == "adf" and sum(map(bodies.size, items)) > LONGEST_ADF:
        raise TooLarge(
            f"These are over {LONGEST_ADF} characters as ADF; ask for fewer with limit, or for "
            "markdown."
        )
    read = await bodies.read_all(items, body_format)
    texts = [body for body in read if isinstance(body, str)]
    if sum(map(len, texts)) <= LONGEST:
        return read, None
    most = LONGEST // len(texts)
    cut = [body[:most] if isinstance(body, str) else body for body in read]
    return cut, f"Bodies of over {most} characters are cut; ask for fewer at a time with limit."


def is_cut(whole: str, body: str) -> bool:
    """Tell whether *body* seems to be the first part of a long text, edited, without the rest."""
    end = _end(whole, 0)
    rest = whole[end:]
    much_is_gone = len(whole) - len(body) > len(rest) // 2
    return bool(rest) and much_is_gone and (len(body) <= end or rest[:1000] not in body)


def _shown(
    content: Json,
    body_format: BodyFormat | None,
    section: str | None,
    occurrence: int | None,
    start: int,
) -> dict[str, Any]:
    if body_format == "storage":
        return _part(bodies.stored(content), start, [])
    document = bodies.document(content)
    if section is not None:
        document = bodies.only_section(document, section, occurrence)
    if body_format != "adf":
        return _part(bodies.text(document), start, bodies.headings(document))
    if bodies.size(content) > LONGEST_ADF:
        characters = len(bodies.written(document)["value"])
        if characters > LONGEST_ADF:
            raise TooLarge(
                f"This has {characters} characters as ADF, and at most {LONGEST_ADF} are sent. "
                "Read it as markdown, or one section of it."
            )
    return {"body": document}


def _part(text: str, start: int, headings: list[str]) -> dict[str, Any]:
    if start and start >= len(text):
        raise InvalidArgument(f"The body has only {len(text)} characters; pass a smaller start.")
    end = _end(text, start)
    if not start and end == len(text):
        return {"body": text}
    more = end < len(text)
    return {
        "body": text[start:end],
        "characters": len(text),
        "nextStart": end if more else None,
        "note": (
            "This is a part of the body: read on with start = nextStart, or one section with "
            "section. Change it with updateConfluencePageSection."
        ),
        "headings": headings[:_MOST_HEADINGS] if more and not start else None,
    }


def _end(text: str, start: int) -> int:
    """Return where the part that begins at *start* ends, between two lines where it can be."""
    end = start + LONGEST
    if end >= len(text):
        return len(text)
    line = text.rfind("\n", start + LONGEST // 2, end)
    return line + 1 if line > 0 else end
