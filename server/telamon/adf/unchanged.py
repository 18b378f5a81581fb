"""Which blocks an edited text leaves as they were written, so that only the others need reading."""

from collections.abc import Sequence
from dataclasses import dataclass

_BETWEEN = "\n\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """The part of a text in which all changes lie.

    Attributes:
        start: How many blocks before it are as they were.
        stop: The index of the first block after it that is as it was.
        text: What the text has instead of the blocks between.
    """

    start: int
    stop: int
    text: str


def changed_part(written: Sequence[str], text: str) -> Changed | None:
    """Compare a text with the blocks as they were written.

    Returns:
        The changed part, or None if the change may be felt elsewhere: it could define a link.
    """
    body = text.strip("\n")
    begin, start = 0, 0
    while start < len(written) and _stands_at(body, written[start], begin):
        begin += len(written[start]) + len(_BETWEEN)
        start += 1
    end, stop = len(body), len(written)
    while stop > start and begin <= end and body.endswith(written[stop - 1], begin, end):
        before = end - len(written[stop - 1])
        if before > begin and not body.endswith(_BETWEEN, begin, before):
            break
        end = before - len(_BETWEEN)
        stop -= 1
    part = body[begin : max(begin, end)]
    if stop == len(written):
        part = text.lstrip("\n")[begin:]
    return None if "]:" in part or "\r" in text else Changed(start=start, stop=stop, text=part)


def with_neighbours(written: Sequence[str], changed: Changed) -> str:
    """The changed part between the blocks that stand beside it, which show if it reaches out."""
    before = written[max(0, changed.start - 1) : changed.start]
    after = written[changed.stop : changed.stop + 1]
    return _BETWEEN.join([*before, changed.text, *after])


def _stands_at(body: str, block: str, at: int) -> bool:
    stop = at + len(block)
    return body.startswith(block, at) and (stop == len(body) or body.startswith(_BETWEEN, stop))
