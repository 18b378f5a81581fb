"""What attributes may hold: checks for single values, and shapes that say which belong together."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from .nodes import Node, as_list

Check: TypeAlias = Callable[[Any], bool]


def string(value: Any) -> bool:
    """Any text."""
    return isinstance(value, str)


def filled(value: Any) -> bool:
    """Text that is not empty."""
    return isinstance(value, str) and value != ""


def flag(value: Any) -> bool:
    """True or false."""
    return isinstance(value, bool)


def anything(_value: Any) -> bool:
    """Whatever JSON can hold."""
    return True


def number(low: float = -math.inf, high: float = math.inf) -> Check:
    """A finite number within these bounds."""

    def check(value: Any) -> bool:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return low <= value <= high and (isinstance(value, int) or math.isfinite(value))

    return check


def one_of(*choices: str) -> Check:
    """One of these words."""
    return lambda value: isinstance(value, str) and value in choices


def like(pattern: str) -> Check:
    """Text that all of the pattern matches."""
    found = re.compile(pattern).fullmatch
    return lambda value: isinstance(value, str) and found(value) is not None


def list_of(check: Check, at_least: int = 0) -> Check:
    """A list whose every item passes the check."""

    def checks(value: Any) -> bool:
        found = as_list(value)
        return found is not None and len(found) >= at_least and all(map(check, found))

    return checks


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """The attributes that a node or mark may have.

    Attributes:
        checks: What each may hold, by name.
        required: The names of those that must be there.
    """

    checks: Mapping[str, Check]
    required: frozenset[str]

    def fits(self, attrs: Mapping[str, Any]) -> bool:
        """Whether these attributes are all known and well filled, and none is missing."""
        if not attrs:
            return not self.required
        if not attrs.keys() >= self.required:
            return False
        checks = self.checks
        for name, value in attrs.items():
            check = checks.get(name)
            if check is None or not check(value):
                return False
        return True

    def kept(self, attrs: Mapping[str, Any]) -> Node:
        """Those among these attributes that are known and well filled."""
        checks = self.checks
        return {
            name: value
            for name, value in attrs.items()
            if (check := checks.get(name)) and check(value)
        }


def shape(checks: Mapping[str, Check]) -> Shape:
    """The shape for these checks; a name that ends in `!` is required."""
    return Shape(
        checks={name.removesuffix("!"): check for name, check in checks.items()},
        required=frozenset(name[:-1] for name in checks if name.endswith("!")),
    )
