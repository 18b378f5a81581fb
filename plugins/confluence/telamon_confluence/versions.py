"""Which versions a page has, for those who ask for one that it has not."""

from collections.abc import Iterable, Sequence

from telamon.plugin import NotFound
from telamon_confluence.answers import results
from telamon_confluence.client import Confluence

_MOST_NAMED = 20


async def missing(confluence: Confluence, number: str, wanted: Iterable[int]) -> NotFound | None:
    """Return what to say of the versions among *wanted* that a page has not, if there are any.

    Raises:
        NotFound: There is no such page or blog post.
    """
    _, answer = await confluence.under(
        "page", number, "/versions", {"limit": 250, "sort": "-modified-date"}
    )
    there = [int(made["number"]) for made in results(answer)]
    gone = [str(version) for version in wanted if version not in there]
    if not gone:
        return None
    return NotFound(f"Page {number} has no version {' or '.join(gone)}, only {_named(there)}.")


def _named(there: Sequence[int]) -> str:
    if list(there) == list(range(len(there), 0, -1)):
        return f"1 to {len(there)}" if len(there) > 1 else "1"
    more = ", …" if len(there) > _MOST_NAMED else ""
    return f"{', '.join(map(str, there[:_MOST_NAMED]))}{more}"
