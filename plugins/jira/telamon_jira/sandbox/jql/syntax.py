"""JQL's grammar: from text to a tree of clauses, or a refusal that names the place."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from telamon_jira.sandbox.problems import Refused

TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<operator>!=|!~|<=|>=|[=<>~])
    | (?P<mark>&&|\|\||[(),!])
    | (?P<word>(?:[^\s"'=<>~!(),&|\\]|\\.)+)
    )""",
    re.VERBOSE,
)
ESCAPE = re.compile(r"\\(.)")
CONTROL = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the query: ``kind`` is string, operator, mark, word or end."""

    kind: str
    text: str
    place: int

    def says(self, *words: str) -> bool:
        """Say whether this is one of the unquoted *words*."""
        return self.kind in ("word", "mark", "operator") and self.text.lower() in words


@dataclass(frozen=True, slots=True)
class Value:
    """A literal; ``quoted`` ones are never keywords."""

    text: str
    quoted: bool = False

    @property
    def empty(self) -> bool:
        """Whether this is ``EMPTY`` or ``NULL``."""
        return not self.quoted and self.text.lower() in ("empty", "null")


@dataclass(frozen=True, slots=True)
class Function:
    """A function call in the place of a value."""

    name: str
    arguments: tuple[str, ...]


Operand = Value | Function


@dataclass(frozen=True, slots=True)
class Clause:
    """``field operator operands``; only ``in`` and ``not in`` have more than one operand."""

    field: str
    operator: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    inner: "Expression"


@dataclass(frozen=True, slots=True)
class Both:
    """Every one of *parts*."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Any one of *parts*."""

    parts: tuple["Expression", ...]


Expression = Clause | Not | Both | Either


@dataclass(frozen=True, slots=True)
class Parsed:
    """A whole query: what to find, and in which order (field, descending)."""

    where: Expression | None
    order: tuple[tuple[str, bool], ...]


def wrong(problem: str, place: int) -> Refused:
    """Return Jira's refusal of a query that cannot be read."""
    return Refused(400, f"Error in the JQL Query: {problem} (line 1, character {place + 1})")


def parse(text: str) -> Parsed:
    """Read *text*.

    Raises:
        Refused: 400, it is not JQL.
    """
    return _Parser(_tokens(text)).parse()


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    place = 0
    end = len(text.rstrip())
    while place < end:
        match = TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise wrong(f"The character '{text[place:].lstrip()[0]}' is not expected here.", place)
        tokens.append(Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        place = match.end()
    return [*tokens, Token("end", "", len(text))]


def _plain(token: Token) -> str:
    text = token.text[1:-1] if token.kind == "string" else token.text
    return ESCAPE.sub(lambda match: CONTROL.get(match[1], match[1]), text)


class _Parser:
    """Recursive descent: or, and, not, clause."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += token.kind != "end"
        return token

    def _accept(self, *words: str) -> bool:
        if self._next.says(*words):
            self._at += 1
            return True
        return False

    def _expect(self, *words: str) -> None:
        if not self._accept(*words):
            raise self._unexpected(f"'{words[0]}'")

    def _unexpected(self, wanted: str) -> Refused:
        token = self._next
        found = f"'{token.text}'" if token.kind != "end" else "the end of the query"
        return wrong(f"Expecting {wanted} but got {found}.", token.place)

    def parse(self) -> Parsed:
        where = None
        if self._next.kind != "end" and not self._next.says("order"):
            where = self._either()
        order = self._order() if self._accept("order") else ()
        if self._next.kind != "end":
            raise self._unexpected("either 'OR' or 'AND'")
        return Parsed(where, order)

    def _order(self) -> tuple[tuple[str, bool], ...]:
        self._expect("by")
        fields: list[tuple[str, bool]] = []
        while True:
            name = self._name()
            descending = self._accept("desc")
            if not descending:
                self._accept("asc")
            fields.append((name, descending))
            if not self._accept(","):
                return tuple(fields)

    def _either(self) -> Expression:
        parts = [self._both()]
        while self._accept("or", "||"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Expression:
        parts = [self._opposite()]
        while self._accept("and", "&&"):
            parts.append(self._opposite())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _opposite(self) -> Expression:
        if self._accept("not", "!"):
            return Not(self._opposite())
        if self._accept("("):
            inner = self._either()
            self._expect(")")
            return inner
        return self._clause()

    def _name(self) -> str:
        if self._next.kind not in ("word", "string"):
            raise self._unexpected("a field name")
        return _plain(self._take())

    def _clause(self) -> Clause:
        name = self._name()
        operator = self._operator()
        if operator in ("in", "not in"):
            if not self._next.says("("):
                return Clause(name, operator, (self._operand(),))
            self._expect("(")
            operands = [self._operand()]
            while self._accept(","):
                operands.append(self._operand())
            self._expect(")")
            return Clause(name, operator, tuple(operands))
        return Clause(name, operator, (self._operand(),))

    def _operator(self) -> str:
        if self._next.kind == "operator":
            return self._take().text
        if self._accept("in"):
            return "in"
        if self._accept("not"):
            self._expect("in")
            return "not in"
        if self._accept("is"):
            return "is not" if self._accept("not") else "is"
        raise self._unexpected("an operator")

    def _operand(self) -> Operand:
        token = self._next
        if token.kind not in ("word", "string"):
            raise self._unexpected("a value or a function")
        self._take()
        if token.kind == "word" and self._accept("("):
            arguments: list[str] = []
            while not self._next.says(")"):
                if self._next.kind not in ("word", "string"):
                    raise self._unexpected("an argument")
                arguments.append(_plain(self._take()))
                self._accept(",")
            self._expect(")")
            return Function(token.text, tuple(arguments))
        return Value(_plain(token), token.kind == "string")
