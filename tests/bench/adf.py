"""How fast the converter is, by size: both directions, for ordinary and for hostile text.

``python -m bench.adf`` in ``tests`` measures this alone.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial

from bench.texts import HOSTILE, page

from telamon.adf import AdfError, apply_edit, from_markdown, to_markdown

LEVELS = 5_000
SIZES = (16_000, 64_000, 256_000, 1_000_000)
HOSTILE_SIZES = (64_000, 256_000)


def seconds(work: Callable[[], object], rounds: int = 1) -> float:
    """Return the processor time of *work*, the best of some rounds."""
    taken: list[float] = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def converter_tables(*, quick: bool) -> list[str]:
    """Measure everything, in less than a minute; in a few seconds where it is to be quick."""
    return [
        *ordinary_table(SIZES[: 2 if quick else None]),
        "",
        *hostile_table(HOSTILE_SIZES[: 1 if quick else None]),
    ]


def ordinary_table(sizes: Sequence[int]) -> list[str]:
    """Measure an ordinary page; the same figures in each line mean linear time."""
    lines = [
        "| ordinary page | Markdown to ADF | ADF to Markdown | short form | edit of one word |",
        "| --- | --- | --- | --- | --- |",
    ]
    for size in sizes:
        text = page(size)
        document = from_markdown(text)
        short = to_markdown(document, opaque="reference")
        works = (
            partial(from_markdown, text),
            partial(to_markdown, document),
            partial(to_markdown, document, opaque="reference"),
            partial(apply_edit, document, short.replace("nothing", "something", 1)),
        )
        rounds = 3 if size < 200_000 else 1
        rates = [len(text) / 1e6 / seconds(work, rounds) for work in works]
        lines.append(f"| {kib(size)} | " + " | ".join(f"{rate:.2f} MB/s" for rate in rates) + " |")
    return lines


def hostile_table(sizes: Sequence[int]) -> list[str]:
    """Measure each hostile repetition, there and back, and a document that is far too deep."""
    lines = [
        "| hostile text, seconds there / back | " + " | ".join(map(kib, sizes)) + " |",
        "| --- |" + " --- |" * len(sizes),
    ]
    for name, make in HOSTILE.items():
        cells = [_there_and_back(make(size)) for size in sizes]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    deep: dict[str, object] = {"type": "paragraph"}
    for _ in range(LEVELS):
        deep = {"type": "bulletList", "content": [{"type": "listItem", "content": [deep]}]}
    refusal = seconds(lambda: _refused({"type": "doc", "content": [deep]}))
    return [*lines, "", f"A document of {LEVELS:,} levels is refused in {refusal * 1000:.1f} ms."]


def kib(size: int) -> str:
    """Return a size as people write it."""
    return f"{size // 1000:,} KB"


def _there_and_back(text: str) -> str:
    start = time.process_time()
    try:
        document = from_markdown(text)
    except AdfError:
        return f"refused in {time.process_time() - start:.2f}"
    there = time.process_time() - start
    return f"{there:.2f} / {seconds(partial(to_markdown, document)):.2f}"


def _refused(document: dict[str, object]) -> None:
    try:
        to_markdown(document)
    except AdfError:
        return
    raise RuntimeError("a document without end was not refused")


if __name__ == "__main__":
    print("\n".join(converter_tables(quick=False)))
