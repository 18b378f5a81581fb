"""The allowed spaces: their keys, and the ids of those that the user may see."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

SPACE_KEY = re.compile(r"~?[0-9A-Za-z._:-]{1,255}", re.ASCII)


@dataclass(slots=True)
class Spaces:
    """The operator's keys as they were written, and the seen spaces' keys by their ids."""

    written: frozenset[str]
    seen: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        """Refuse what cannot be a key, because keys are put into CQL.

        Raises:
            ValueError: One of them is none.
        """
        for key in sorted(self.written):
            if not SPACE_KEY.fullmatch(key):
                raise ValueError(f"{key!r} is not the key of a Confluence space")

    @property
    def asked(self) -> list[str]:
        """The keys to ask Confluence for, which takes a key only as it is written there."""
        return sorted(self.written | {key.upper() for key in self.written})

    def hold_key(self, key: object) -> bool:
        """Say whether *key*, in any case, is an allowed space's."""
        return isinstance(key, str) and key.casefold() in {w.casefold() for w in self.written}

    def hold_id(self, number: object) -> bool:
        """Say whether this is the id of an allowed space that the user sees."""
        return str(number) in self.seen
