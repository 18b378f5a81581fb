"""The emulator's CQL: a proper parser for the useful part of the language.

Anything outside it is :class:`CqlError`, never a wrong result.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass


class CqlError(ValueError):
    """The query is no CQL, or more of it than the emulator knows."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function call such as ``now("-4w")``."""

    name: str
    argument: str | None = None


Value = str | Function


@dataclass(frozen=True, slots=True)
class Clause:
    """``field operator value``; *operator* is lower case, *values* has one member except for in."""

    field: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of *part*."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class All:
    """Every one of *parts*."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of *parts*."""

    parts: tuple["Condition", ...]


Condition = Clause | Not | All | AnyOf


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; *order* has fields with whether they descend."""

    condition: Condition | None
    order: tuple[tuple[str, bool], ...]


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<sign>!=|!~|>=|<=|[=~<>(),])
    | (?P<word>[^\s"'=~<>!(),]+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SIGNS = frozenset({"=", "!=", "~", "!~", "<", ">", "<=", ">="})
_RESERVED = frozenset({"and", "or", "not", "in", "order", "by", "asc", "desc"})

_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    def word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.casefold() in words


def parse(text: str) -> Query:
    """Return *text* as a query.

    Raises:
        CqlError: It does not parse.
    """
    return _Parser(_tokens(text)).query()


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise CqlError(f"unexpected character at position {position}")
        kind = str(match.lastgroup)
        value = match[kind]
        if kind == "string":
            value = _ESCAPE.sub(r"\1", value[1:-1])
        found.append(_Token(kind, value))
        position = match.end()
    return found


class _Parser:
    """Recursive descent over the tokens: or, and, not, then clauses and parentheses."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def query(self) -> Query:
        condition = None
        if self._look().kind != "end" and not self._look().word("order"):
            condition = self._either()
        order = self._order()
        if self._look().kind != "end":
            raise CqlError(f"unexpected '{self._look().text}'")
        return Query(condition, order)

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._take_word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._single()]
        while self._take_word("and"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _single(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise CqlError("nested too deeply")
        try:
            if self._take_word("not"):
                return Not(self._single())
            if self._take_sign("("):
                inner = self._either()
                self._expect(")")
                return inner
            return self._clause()
        finally:
            self._depth -= 1

    def _clause(self) -> Condition:
        field = self._next()
        if field.kind != "word" or field.word(*_RESERVED):
            raise CqlError(f"expected a field, not '{field.text}'")
        name = field.text.casefold()
        if self._take_word("in"):
            return Clause(name, "in", self._list())
        if self._take_word("not"):
            if not self._take_word("in"):
                raise CqlError("expected 'in' after 'not'")
            return Not(Clause(name, "in", self._list()))
        operator = self._next()
        if operator.kind != "sign" or operator.text not in _SIGNS:
            raise CqlError(f"expected an operator after '{field.text}'")
        clause = Clause(name, operator.text.removeprefix("!"), (self._value(),))
        return Not(clause) if operator.text.startswith("!") else clause

    def _list(self) -> tuple[Value, ...]:
        self._expect("(")
        values = [self._value()]
        while self._take_sign(","):
            values.append(self._value())
        self._expect(")")
        return tuple(values)

    def _value(self) -> Value:
        token = self._next()
        if token.kind == "string":
            return token.text
        if token.kind != "word" or token.word(*_RESERVED):
            raise CqlError(f"expected a value, not '{token.text}'")
        if not self._take_sign("("):
            return token.text
        argument = None if self._look() == _Token("sign", ")") else self._next().text
        self._expect(")")
        return Function(token.text.casefold(), argument)

    def _order(self) -> tuple[tuple[str, bool], ...]:
        if not self._take_word("order"):
            return ()
        if not self._take_word("by"):
            raise CqlError("expected 'by' after 'order'")
        found: list[tuple[str, bool]] = []
        while True:
            field = self._next()
            if field.kind != "word" or field.word(*_RESERVED):
                raise CqlError("expected a field to order by")
            descends = self._take_word("desc")
            if not descends:
                self._take_word("asc")
            found.append((field.text.casefold(), descends))
            if not self._take_sign(","):
                return tuple(found)

    def _look(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _Token("end", "")

    def _next(self) -> _Token:
        token = self._look()
        if token.kind == "end":
            raise CqlError("unexpected end of the query")
        self._at += 1
        return token

    def _take_word(self, word: str) -> bool:
        taken = self._look().word(word)
        self._at += taken
        return taken

    def _take_sign(self, sign: str) -> bool:
        taken = self._look() == _Token("sign", sign)
        self._at += taken
        return taken

    def _expect(self, sign: str) -> None:
        if not self._take_sign(sign):
            raise CqlError(f"expected '{sign}'")
