"""Running a JQL query over the issues that one person may see."""

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from telamon_jira.sandbox.jql.moments import moment
from telamon_jira.sandbox.jql.syntax import (
    Both,
    Clause,
    Either,
    Expression,
    Function,
    Not,
    Operand,
    Value,
    parse,
)
from telamon_jira.sandbox.jql.terms import TERMS, Choices, Term
from telamon_jira.sandbox.problems import UNBOUNDED, Refused
from telamon_jira.sandbox.state import Issue
from telamon_jira.sandbox.view import View

MAX_ORDER = 7
PLAIN_WORD = re.compile(r"\w+")
WORD = re.compile(r"\w+\*?")
WORD_SEARCH = re.compile(r"\b(AND|OR|NOT)\b|(^|\s)[+-]|[\[\](){}^~?|&]")
"""The word search's own operators, which the sandbox does not know."""
COMPARE: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
)
OPERATORS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "choice": frozenset({"=", "!=", "in", "not in", "is", "is not"}),
        "text": frozenset({"~", "!~", "is", "is not"}),
        "moment": frozenset({"=", "!=", "is", "is not", *COMPARE}),
        "day": frozenset({"=", "!=", "is", "is not", *COMPARE}),
        "number": frozenset({"=", "!=", "in", "not in", "is", "is not", *COMPARE}),
        "rank": frozenset[str](),
    }
)

Test = Callable[[Issue], bool]


def find(view: View, jql: str, *, bounded: bool = True) -> list[Issue]:
    """Return the issues that *jql* matches, in its order (newest first where it names none).

    Raises:
        Refused: 400, the query is not JQL, names what does not exist, or restricts nothing
            although it has to be *bounded*.
    """
    query = parse(jql)
    if query.where is None and bounded:
        raise Refused(400, UNBOUNDED)
    matches: Test = (lambda _: True) if query.where is None else _test(view, query.where)
    found = sorted((issue for issue in view.issues() if matches(issue)), key=lambda i: -i.id)
    if len(query.order) > MAX_ORDER:
        raise Refused(400, f"The JQL query sorts by more than {MAX_ORDER} fields.")
    for name, descending in reversed(query.order):
        found = _sorted(view, found, name, descending=descending)
    return found


def _term(name: str) -> Term:
    found = TERMS.get(name.lower())
    if found is None:
        raise Refused(
            400, f"Field '{name}' does not exist or you do not have permission to view it."
        )
    return found


def _sorted(view: View, issues: list[Issue], name: str, *, descending: bool) -> list[Issue]:
    term = _term(name)

    def place(issue: Issue) -> Any:
        value = term.read(view, issue)[0]
        if name.lower() in ("key", "issuekey", "issue", "id"):
            return (issue.project, issue.number)
        if name.lower() == "priority":
            return -int(value)
        names: Choices = term.choices(view) if term.choices else {}
        return names.get(value, value)

    empty = [issue for issue in issues if not term.read(view, issue)]
    known = [issue for issue in issues if term.read(view, issue)]
    known.sort(key=place, reverse=descending)
    return [*known, *empty] if descending else [*empty, *known]


def _test(view: View, expression: Expression) -> Test:
    if isinstance(expression, Not):
        inner = _test(view, expression.inner)
        return lambda issue: not inner(issue)
    if isinstance(expression, Both):
        every = [_test(view, part) for part in expression.parts]
        return lambda issue: all(test(issue) for test in every)
    if isinstance(expression, Either):
        some = [_test(view, part) for part in expression.parts]
        return lambda issue: any(test(issue) for test in some)
    return _clause(view, expression)


def _clause(view: View, clause: Clause) -> Test:
    term = _term(clause.field)
    if clause.operator not in OPERATORS[term.kind]:
        raise Refused(
            400,
            f"The operator '{clause.operator}' is not supported by the '{clause.field}' field.",
        )
    first = clause.operands[0]
    if clause.operator in ("is", "is not") or (isinstance(first, Value) and first.empty):
        if not (isinstance(first, Value) and first.empty):
            raise Refused(400, f"The operator '{clause.operator}' only takes EMPTY or NULL.")
        wanted = clause.operator in ("is", "=", "in")
        return lambda issue: (not term.read(view, issue)) == wanted
    return {
        "choice": _choice,
        "number": _number,
        "text": _text,
        "moment": _moment,
        "day": _day,
    }[term.kind](view, clause, term)


def _choice(view: View, clause: Clause, term: Term) -> Test:
    wanted: set[str] = set()
    for operand in clause.operands:
        wanted |= _named(view, clause, term, operand)
    if clause.operator in ("=", "in"):
        return lambda issue: not wanted.isdisjoint(term.read(view, issue))
    # as in Jira, an issue without a value is in neither a list nor its opposite
    return lambda issue: bool(found := term.read(view, issue)) and wanted.isdisjoint(found)


def _named(view: View, clause: Clause, term: Term, operand: Operand) -> set[str]:
    if isinstance(operand, Function):
        return _function(view, clause, operand)
    if term.choices is None:
        return {operand.text}
    text = operand.text.casefold()
    choices = term.choices(view)
    found = {i for i, name in choices.items() if text in (i.casefold(), name.casefold())}
    if clause.field.lower() == "project":
        found = {project.key for project in view.projects() if found & {project.id, project.key}}
    if not found:
        people = view.state.users.values()
        found = {user.account_id for user in people if user.email and user.email == text}
        found &= choices.keys()
    if not found:
        raise Refused(
            400, f"The value '{operand.text}' does not exist for the field '{clause.field}'."
        )
    return found


def _function(view: View, clause: Clause, call: Function) -> set[str]:
    name, field = call.name.lower(), clause.field.lower()
    if name == "currentuser" and field in (
        "assignee",
        "reporter",
        "creator",
        "watcher",
        "worklogauthor",
    ):
        return {view.account_id}
    states = {"opensprints": "active", "closedsprints": "closed", "futuresprints": "future"}
    if name in states and field in ("sprint", "cf[10020]"):
        return {str(s.id) for s in view.state.sprints.values() if s.state == states[name]}
    if name in ("unreleasedversions", "releasedversions") and field in (
        "fixversion",
        "affectedversion",
    ):
        released = name == "releasedversions"
        return {
            version.id
            for project in view.projects()
            for version in project.versions
            if version.released == released
            and not version.archived
            and (not call.arguments or project.key in call.arguments)
        }
    if name == "linkedissues" and field in ("key", "issuekey", "issue", "id"):
        centre = view.issue(call.arguments[0] if call.arguments else "").id
        return {
            str(link.target if link.source == centre else link.source)
            for link in view.state.links.values()
            if centre in (link.source, link.target)
        }
    raise Refused(
        400, f"Unable to find JQL function '{call.name}()' for the field '{clause.field}'."
    )


def _number(view: View, clause: Clause, term: Term) -> Test:
    numbers: list[float] = []
    for operand in clause.operands:
        text = operand.text if isinstance(operand, Value) else operand.name
        try:
            numbers.append(float(text))
        except ValueError:
            raise Refused(
                400, f"The value '{text}' for the field '{clause.field}' is not a number."
            ) from None
    return _compared(clause.operator, numbers, lambda issue: term.read(view, issue))


def _compared(sign: str, wanted: list[Any], read: Callable[[Issue], list[Any]]) -> Test:
    if sign in ("=", "in"):
        return lambda issue: any(value in wanted for value in read(issue))
    if sign in ("!=", "not in"):
        return lambda issue: bool(read(issue)) and all(v not in wanted for v in read(issue))
    return lambda issue: any(COMPARE[sign](value, wanted[0]) for value in read(issue))


def _moment(view: View, clause: Clause, term: Term) -> Test:
    at = moment(view, clause.field, clause.operands[0])
    return _compared(clause.operator, [at], lambda issue: term.read(view, issue))


def _day(view: View, clause: Clause, term: Term) -> Test:
    zone = ZoneInfo(view.request.person.time_zone)
    at = datetime.fromtimestamp(moment(view, clause.field, clause.operands[0]), tz=zone)
    return _compared(clause.operator, [f"{at:%Y-%m-%d}"], lambda issue: term.read(view, issue))


def _text(view: View, clause: Clause, term: Term) -> Test:
    operand = clause.operands[0]
    text = (operand.text if isinstance(operand, Value) else operand.name).strip()
    phrase = len(text) > 1 and text[0] == text[-1] == '"'
    wanted = [word.lower() for word in WORD.findall(text)]
    if not wanted or (not phrase and WORD_SEARCH.search(text)):
        raise Refused(400, f"The field '{clause.field}' cannot be searched for '{text}' here.")

    def matches(issue: Issue) -> bool:
        texts = [PLAIN_WORD.findall(text.lower()) for text in term.read(view, issue)]
        if phrase:
            size = len(wanted)
            return any(
                found[at : at + size] == wanted for found in texts for at in range(len(found))
            )
        found = {word for words in texts for word in words}
        return all(
            any(have.startswith(word[:-1]) for have in found) if word[-1] == "*" else word in found
            for word in wanted
        )

    return matches if clause.operator == "~" else lambda issue: not matches(issue)
