"""What a CQL query means: which entries it matches, in which order, and for which words."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from telamon_confluence.sandbox.cql import (
    All,
    AnyOf,
    Clause,
    Condition,
    CqlError,
    Function,
    Not,
    Query,
    Value,
)
from telamon_confluence.sandbox.cql_dates import moment


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One thing that can be found, as the index knows it."""

    kind: str
    id: str
    title: str
    text: str
    space: str
    creator: str
    created: float
    modified: float
    contributors: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    ancestors: tuple[str, ...] = ()
    record: Any = field(default=None, compare=False)

    @property
    def parent(self) -> str:
        """The id of what it is directly below, or nothing."""
        return self.ancestors[0] if self.ancestors else ""


_EXACT: dict[str, Callable[[Entry], frozenset[str]]] = {
    "type": lambda entry: frozenset({entry.kind}),
    "space": lambda entry: frozenset({entry.space.casefold()}),
    "space.key": lambda entry: frozenset({entry.space.casefold()}),
    "title": lambda entry: frozenset({entry.title.casefold()}),
    "label": lambda entry: entry.labels,
    "id": lambda entry: frozenset({entry.id}),
    "content": lambda entry: frozenset({entry.id}),
    "parent": lambda entry: frozenset({entry.parent}),
    "ancestor": lambda entry: frozenset(entry.ancestors),
    "creator": lambda entry: frozenset({entry.creator.casefold()}),
    "contributor": lambda entry: frozenset(who.casefold() for who in entry.contributors),
}
_TEXT: dict[str, Callable[[Entry], str]] = {
    "title": lambda entry: entry.title,
    "text": lambda entry: f"{entry.title}\n{entry.text}",
    "sitesearch": lambda entry: f"{entry.title}\n{entry.text}",
    "user.fullname": lambda entry: entry.title,
}
_DATES: dict[str, Callable[[Entry], float]] = {
    "created": lambda entry: entry.created,
    "lastmodified": lambda entry: entry.modified,
}
_ORDERS: dict[str, Callable[[Entry], Any]] = {
    **_DATES,
    "title": lambda entry: entry.title.casefold(),
    "id": lambda entry: int(entry.id),
}
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """Who asks, and when: what ``currentUser()`` and ``now()`` mean."""

    account_id: str
    now: float


def matching(query: Query, entries: Sequence[Entry], asker: Asker) -> list[Entry]:
    """Return the entries that *query* matches, in its order, else the best first.

    Raises:
        CqlError: The query uses a field, an operator or a function that the emulator lacks.
    """
    test = _test(query.condition, asker) if query.condition is not None else _everything
    found = [entry for entry in entries if test(entry)]
    searched = [part.casefold() for part in words(query.condition)]

    def relevance(entry: Entry) -> tuple[bool, float]:
        title = entry.title.casefold()
        return not any(part in title for part in searched), -entry.modified

    found.sort(key=relevance)
    for name, descends in reversed(query.order):
        if name not in _ORDERS:
            raise CqlError(f"cannot order by '{name}'")
        found.sort(key=_ORDERS[name], reverse=descends)
    return found


def words(condition: Condition | None) -> Iterator[str]:
    """Yield the words that the text clauses of *condition* look for."""
    match condition:
        case Clause(operator="~", values=(str(value),)):
            yield from (part.strip("*") for part in _terms(value))
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from words(part)
        case _:
            return


def _everything(entry: Entry) -> bool:
    return bool(entry.id)


def _test(condition: Condition, asker: Asker) -> Callable[[Entry], bool]:
    match condition:
        case Not(part):
            inner = _test(part, asker)
            return lambda entry: not inner(entry)
        case All(parts):
            every = [_test(part, asker) for part in parts]
            return lambda entry: all(test(entry) for test in every)
        case AnyOf(parts):
            some = [_test(part, asker) for part in parts]
            return lambda entry: any(test(entry) for test in some)
        case Clause():
            return _clause(condition, asker)


def _clause(clause: Clause, asker: Asker) -> Callable[[Entry], bool]:
    name, operator = clause.field, clause.operator
    if operator in _COMPARED and name in _DATES:
        seconds = moment(clause.values[0], asker.now)
        compare, read = _COMPARED[operator], _DATES[name]
        return lambda entry: compare(read(entry), seconds)
    if operator in ("=", "in") and name in _EXACT:
        wanted = frozenset(_named(value, asker).casefold() for value in clause.values)
        exact = _EXACT[name]
        return lambda entry: not wanted.isdisjoint(exact(entry))
    if operator == "~" and name in _TEXT:
        value = clause.values[0]
        if not isinstance(value, str):
            raise CqlError("'~' takes words")
        tests = [_term(term) for term in _terms(value)]
        text = _TEXT[name]
        return lambda entry: all(test.search(text(entry)) for test in tests)
    known = name in _EXACT or name in _TEXT or name in _DATES
    problem = f"does not take '{operator}'" if known else "does not exist"
    raise CqlError(f"the field '{name}' {problem}")


def _named(value: Value, asker: Asker) -> str:
    if isinstance(value, str):
        return value
    if value == Function("currentuser"):
        return asker.account_id
    raise CqlError(f"there is no function '{value.name}' here")


def _terms(value: str) -> list[str]:
    return re.findall(r'"[^"]+"|[^\s"]+', value)


def _term(term: str) -> re.Pattern[str]:
    plain = re.escape(term.strip('"*'))
    end = "" if term.endswith("*") else r"\b"
    return re.compile(rf"\b{plain}{end}", re.IGNORECASE)
