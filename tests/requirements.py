"""Which test, or which page, shows each requirement.

``python tests/requirements.py`` prints the table of the rows that tests carry as
``@pytest.mark.row(...)``: R1 to R21 are what was asked for, ``SEC-…`` are attacks and faults, and
``MCP-…`` are rules of the protocol, counted by section.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
ROW = re.compile(r"(R\d{1,2}|(SEC|MCP)-[A-Z]\d{1,2})")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A row: what must be true, and the pages that show it where no test can."""

    sentence: str
    pages: tuple[str, ...] = ()


REQUIREMENTS: Mapping[str, Requirement] = {
    "R1": Requirement("Only signed-in users read or change content, within their own permissions."),
    "R2": Requirement("A client that connects opens a browser window."),
    "R3": Requirement("The user logs in with the Atlassian account."),
    "R4": Requirement("After that the user approves a list of scopes."),
    "R5": Requirement("The client gets a token for that user and site, and uses it."),
    "R6": Requirement("A token is for one specific site."),
    "R7": Requirement("A token inherits the user's Jira and Confluence permissions."),
    "R8": Requirement("A session ends after a time or by revocation, and needs a new sign-in."),
    "R9": Requirement("Desktop clients use a callback on localhost."),
    "R10": Requirement("A sign-in that did not launch can be started again."),
    "R11": Requirement("A callback that is blocked is named, with what to do."),
    "R12": Requirement("A lack of product access is told, with whom to ask."),
    "R13": Requirement("A token that does not suffice is told: sign in again, or which scopes."),
    "R14": Requirement("Tokens are never shared between users."),
    "R15": Requirement("Only official OAuth flows; no custom or built-in tokens."),
    "R16": Requirement("When scopes change a client can ask for more and keeps what it had."),
    "R17": Requirement("An async server on aiohttp with OAuth, sessions and SSE in its core."),
    "R18": Requirement("Plugins register tools and scopes; the core computes what to ask for."),
    "R19": Requirement("The top level is as asked for.", ("pyproject.toml", "config/example.toml")),
    "R20": Requirement("Each named package is used for its job."),
    "R21": Requirement(
        "Operators, plugin authors and clients each find their page.",
        ("docs/operators.md", "docs/plugins.md", "README.md"),
    ),
}


def proven() -> dict[str, list[str]]:
    """Return the tests that carry each row, as ``file::name``."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for name, row in _marks(ast.parse(path.read_text())):
            found.setdefault(row, []).append(f"{path.relative_to(ROOT)}::{name}")
    return found


def _marks(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the name of each test and each row that it, or one of its parameters, carries."""
    for node in ast.walk(module):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for call in (c for d in node.decorator_list for c in ast.walk(d)):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.row":
                for argument in call.args:
                    yield node.name, ast.literal_eval(argument)


def main() -> None:
    """Print the table."""
    tests = proven()
    for row, requirement in REQUIREMENTS.items():
        shown = [*tests.get(row, []), *requirement.pages]
        print(f"{row:<4} {requirement.sentence}")
        for where in shown:
            print(f"       {where}")
    sections = Counter(re.sub(r"\d+$", "", row) for row in tests if "-" in row)
    print("\nRows of the security and protocol lists that a test carries, by section:")
    for section, count in sorted(sections.items()):
        print(f"  {section:<7} {count}")
    print(f"  all     {sum(sections.values())}")


if __name__ == "__main__":
    main()
