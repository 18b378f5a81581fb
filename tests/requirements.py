"""Every requirement, and the tests, the page or the reason that answer for it.

The rows stand in ``tests/rows/``: what was asked for (R1), attacks and faults (SEC-A01), rules of
the protocol (MCP-A1). A test carries those that it proves as ``@pytest.mark.row("SEC-A01")``; what
no test can prove has a page (``pages``) or a longer run (``runs``, a target of make that fails if
it is not so), and what does not concern this server has a reason (``not_applicable``).

``python tests/requirements.py`` prints the table, with ``--write`` it writes ``docs/rows.md``.
"""

import ast
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
PAGE = ROOT / "docs" / "rows.md"
WRITTEN_BY = "python tests/requirements.py --write"
SOURCES = {"asked.toml": "", "security.toml": "SEC-", "protocol.toml": "MCP-"}
Function = ast.FunctionDef | ast.AsyncFunctionDef
# A test with one of these marks may be absent from a run that is called complete.
MAY_BE_ABSENT = frozenset({"skip", "may_skip", "xfail"})
HEAD = """\
# Every requirement and its tests

Written by `python tests/requirements.py --write` from `tests/rows/` and from the marks that tests
carry; a test holds it against them. Each row says what Telamon guarantees. **R** rows are what was
asked for, **SEC** rows attacks, faults and limits, **MCP** rows what the protocol asks of a server.
The tests are in `tests/`; run one with `.venv/bin/python -m pytest tests/<test>`.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A requirement: what is guaranteed, and what answers for it where no test does."""

    id: str
    section: str
    sentence: str
    pages: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    not_applicable: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A row's id on a test."""

    row: str
    path: Path
    name: str
    collected: bool
    """Whether pytest runs what carries the mark."""
    may_be_absent: bool

    @property
    def node(self) -> str:
        """The test's id below ``tests/``."""
        return f"{self.path.relative_to(TESTS)}::{self.name}"


@cache
def rows() -> Mapping[str, Row]:
    """Return all rows by id, in their order."""
    return {row.id: row for name, prefix in SOURCES.items() for row in _read(name, prefix)}


def _read(name: str, prefix: str) -> Iterator[Row]:
    sections = tomllib.loads((TESTS / "rows" / name).read_text())
    for letter, section in sections.items():
        for key, said in section["rows"].items():
            if not key.startswith(letter):
                raise ValueError(f"{name}: {key} stands in section {letter}")
            told = {"sentence": said} if isinstance(said, str) else said
            yield Row(
                id=f"{prefix}{key}",
                section=f"{prefix}{letter}: {section['title']}",
                pages=tuple(told.pop("pages", ())),
                runs=tuple(told.pop("runs", ())),
                **told,
            )


@cache
def marks() -> Sequence[Mark]:
    """Return every mark that stands in the source of the tests."""
    return tuple(mark for path in sorted(TESTS.rglob("*.py")) for mark in marks_in(path))


def marks_in(path: Path) -> Iterator[Mark]:
    """Yield the marks of one module."""
    module = ast.parse(path.read_text())
    folders = path.parent.relative_to(TESTS) if path.is_relative_to(TESTS) else path.parent
    passed_over = any(fnmatch(each, no) for each in folders.parts for no in _passed_over())
    shared = [mark for node in module.body for mark in _of_module(node)]
    runs = {
        node.name: node
        for node in module.body
        if isinstance(node, Function) and path.name.startswith("test_")
    }
    for node in ast.walk(module):
        if not isinstance(node, Function | ast.ClassDef):
            continue
        collected = (
            runs.get(node.name) is node and node.name.startswith("test_") and not passed_over
        )
        applied = [mark for decorator in node.decorator_list for mark in _applied(decorator)]
        applied += shared if collected else []
        absent = any(name in MAY_BE_ABSENT for name, _ in applied)
        for row in (text for name, texts in applied if name == "row" for text in texts):
            yield Mark(
                row=row, path=path, name=node.name, collected=collected, may_be_absent=absent
            )


@cache
def _passed_over() -> Sequence[str]:
    """Return the names of folders that pytest does not look into."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return tuple(project["tool"]["pytest"]["ini_options"]["norecursedirs"])


def _of_module(node: ast.stmt) -> list[tuple[str, list[str]]]:
    """Return the marks that a module gives to all its tests."""
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
        return _applied(node.value)
    return []


def _applied(decorator: ast.expr) -> list[tuple[str, list[str]]]:
    """Return the pytest marks in a decorator, its parameters' marks included, with their texts."""
    given = {id(node.func): node.args for node in ast.walk(decorator) if isinstance(node, ast.Call)}
    return [
        (node.attr, [ast.literal_eval(text) for text in given.get(id(node), ())])
        for node in ast.walk(decorator)
        if isinstance(node, ast.Attribute)
        and ast.unparse(node.value) == "pytest.mark"
        and node.attr in {"row", *MAY_BE_ABSENT}
    ]


@cache
def proven() -> Mapping[str, Sequence[str]]:
    """Return the tests that carry each row, as ``file::name`` below ``tests/``."""
    found: dict[str, dict[str, None]] = {}
    for mark in marks():
        found.setdefault(mark.row, {})[mark.node] = None
    return {row: tuple(tests) for row, tests in found.items()}


def page() -> str:
    """Return the page that ``docs/rows.md`` has to be."""
    sections: dict[str, list[Row]] = {}
    for row in rows().values():
        sections.setdefault(row.section, []).append(row)
    parts = [HEAD, _counts(sections)]
    parts += [f"## {title}\n\n{_section(found)}" for title, found in sections.items()]
    return "\n".join(parts)


def _counts(sections: Mapping[str, Sequence[Row]]) -> str:
    lines = [[title, *map(str, _count(found))] for title, found in sections.items()]
    every = [row for found in sections.values() for row in found]
    lines.append(["**All**", *(f"**{number}**" for number in _count(every))])
    head = ["Section", "Rows", "Tested", "By a page or a run", "Not applicable", "Nothing yet"]
    return _table(head, lines)


def _count(found: Sequence[Row]) -> tuple[int, int, int, int, int]:
    tested = [row for row in found if row.id in proven()]
    other = [row for row in found if row.id not in proven()]
    pages = [row for row in other if row.pages or row.runs]
    reasons = [row for row in other if row.not_applicable]
    return (
        len(found),
        len(tested),
        len(pages),
        len(reasons),
        len(other) - len(pages) - len(reasons),
    )


def _section(found: Iterable[Row]) -> str:
    return _table(["Row", "Guarantee", "Shown by"], [[r.id, r.sentence, _shown(r)] for r in found])


def _shown(row: Row) -> str:
    tests = [f"`{test}`" for test in proven().get(row.id, ())]
    pages = [f"[{name}](../{name})" for name in row.pages]
    if row.not_applicable:
        return f"Not applicable: {row.not_applicable}"
    runs = [f"`make {name}`" for name in row.runs]
    return "<br>".join([*tests, *pages, *runs]) or "**nothing yet**"


def _table(head: list[str], lines: list[list[str]]) -> str:
    table = [head, ["---"] * len(head), *lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in table)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page())
    else:
        sys.stdout.write(page())
