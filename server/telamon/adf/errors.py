"""What can go wrong in a conversion or an edit; every error names the cause in one sentence."""

from collections.abc import Sequence

_MOST_LISTED = 50


class AdfError(ValueError):
    """The root of all errors of this room."""


class TooDeep(AdfError):
    """The document is nested more deeply than any editor can make it."""


class TooLarge(AdfError):
    """The document or the Markdown is larger than what is converted in one piece."""


class UnknownReference(AdfError):
    """The Markdown refers to an opaque block which the original document does not have.

    Attributes:
        reference: The reference as it stands in the Markdown.
    """

    def __init__(self, reference: str, *, is_new: bool = False) -> None:
        """Say what to do about it, which is another thing where the document is new."""
        super().__init__(
            f"A block such as `adf ref={reference}` exists only in the page it came from: leave it"
            " out of a new document."
            if is_new
            else f"The document has no block with the reference {reference!r}: read it again and"
            " keep its `adf ref=` blocks as they are, or leave them out."
        )
        self.reference = reference


class SectionError(AdfError):
    """A section edit names a heading that does not stand for exactly one section.

    Attributes:
        headings: The headings that could have been named, written as in Markdown.
    """

    def __init__(self, message: str, headings: Sequence[str]) -> None:
        listed = "; ".join(headings[:_MOST_LISTED]) if headings else "none"
        more = len(headings) - _MOST_LISTED
        if more > 0:
            listed += f"; and {more} more"
        super().__init__(f"{message} Headings: {listed}.")
        self.headings = tuple(headings)


class UnknownSection(SectionError):
    """No heading has the name that was given."""


class AmbiguousSection(SectionError):
    """Several headings have the name that was given."""
