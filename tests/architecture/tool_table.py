"""Write ``docs/tools.md``: every tool, resource and prompt, and the REST operations behind it.

python tests/architecture/tool_table.py --write
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from architecture.reached import Asked, reach

from telamon.endpoint.own_tools import OWN_TOOLS
from telamon.loader import load
from telamon.plugin import AnyProduct, Prompt, Resource, Tool

PAGE = Path(__file__).parents[2] / "docs" / "tools.md"
WRITTEN_BY = "python tests/architecture/tool_table.py --write"
TITLE = f"""\
# Tools, resources and prompts

Written by `{WRITTEN_BY}` from what the plugins declare
and from their source; a test holds it against them.

Access is **R** read, **W** write, **D** delete, **M** manage: a deployment offers what its
`policy.access` names, which is read and write unless told. A tool with *yes* under Listed is in the
tool list of a connection that chose nothing; the others are found with `findTools`, or listed by
`?tools=all` or `?toolsets=<toolset>,...` on the connection's URL. A connection without all the
scopes of a tool does not list it. Every tool of a product takes an optional `cloudId`. Under REST
operations stands all that a tool may ask for; most calls are one request.
"""
OWN = """\
## The server's own

They need no scope of their own. `search` and `fetch` ask the products whose scopes the connection
has; `callTool` runs another tool with that tool's checks.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Something that a client can use, and what it may ask Atlassian for."""

    product: str
    name: str
    scopes: frozenset[str]
    operations: frozenset[Asked]


def products() -> Sequence[AnyProduct]:
    """Return Jira and Confluence."""
    return load(("jira", "confluence"), {}).products


def row(product: str, item: Any, *more: Callable[..., Any]) -> Row:
    """Return the row of a tool, a resource, a prompt, a search or a fetch."""
    return Row(
        product=product,
        name=getattr(item, "name", "") or type(item).__name__.lower(),
        scopes=frozenset(scope.name for scope in item.scopes),
        operations=frozenset(reach(item.run, *more).operations),
    )


def tool_row(product: AnyProduct, tool: Tool[Any]) -> Row:
    return row(product.name, tool)


def other_row(product: AnyProduct, item: Resource[Any] | Prompt[Any]) -> Row:
    """Return the row of a resource or a prompt; completing its arguments asks, too."""
    return row(product.name, item, *item.complete.values())


def others(product: AnyProduct) -> list[Resource[Any] | Prompt[Any]]:
    """Return the product's resources and prompts."""
    return [*product.resources, *product.prompts]


def found_rows(product: AnyProduct) -> list[Row]:
    """Return what the product does for the server's own search and fetch."""
    return [row(product.name, each) for each in (product.search, product.fetch) if each]


def rows() -> Iterator[Row]:
    """Yield everything of every product."""
    for product in products():
        yield from (tool_row(product, tool) for tool in product.tools)
        yield from (other_row(product, item) for item in others(product))
        yield from found_rows(product)


def page() -> str:
    """Return the whole page."""
    parts = [TITLE, OWN, _own_table()]
    for product in sorted(products(), key=lambda each: each.title, reverse=True):
        parts += [f"## {product.title}\n", _tool_table(product)]
        parts += ["### Resources\n", _resource_table(product), "### Prompts\n"]
        parts += [_prompt_table(product)]
    return "\n".join(parts)


def _own_table() -> str:
    offers = [each for product in products() for each in found_rows(product)]
    offers.sort(key=lambda each: each.product, reverse=True)
    lines: list[list[str]] = []
    for tool in OWN_TOOLS:
        mine = [each for each in offers if each.name == tool.name]
        scopes = sorted({scope for each in mine for scope in each.scopes})
        asked = sorted({operation for each in mine for operation in each.operations}, key=_by_path)
        listed = "beside unlisted ones" if tool.group == "tools" else "yes"
        lines.append([f"`{tool.name}`", _access(tool), listed, _codes(scopes), _operations(asked)])
    return _table(["Tool", "Access", "Listed", "Scopes", "REST operations"], lines)


def _tool_table(product: AnyProduct) -> str:
    lines: list[list[str]] = []
    for tool in product.tools:
        found = tool_row(product, tool)
        lines.append(
            [
                f"`{tool.name}`",
                f"`{product.name}-{tool.group}`",
                _access(tool),
                "yes" if tool.listed else "",
                _codes(sorted(found.scopes)),
                _operations(sorted(found.operations, key=_by_path)),
            ]
        )
    return _table(["Tool", "Toolset", "Access", "Listed", "Scopes", "REST operations"], lines)


def _resource_table(product: AnyProduct) -> str:
    lines = [
        [f"`{item.uri_template}`", item.title, _codes(sorted(s.name for s in item.scopes))]
        for item in product.resources
    ]
    return _table(["Template", "What", "Scopes"], lines)


def _prompt_table(product: AnyProduct) -> str:
    lines = [
        [
            f"`{item.name}`",
            item.title,
            _codes([field.alias or name for name, field in item.arguments.model_fields.items()]),
            _codes(sorted(scope.name for scope in item.scopes)),
        ]
        for item in product.prompts
    ]
    return _table(["Prompt", "What", "Arguments", "Scopes"], lines)


def _access(tool: Tool[Any]) -> str:
    return tool.access[0].upper()


def _by_path(operation: Asked) -> tuple[str, str]:
    return operation[1], operation[0]


def _operations(operations: Iterable[Asked]) -> str:
    return _codes(f"{method} {path}" for method, path in operations)


def _codes(words: Iterable[str]) -> str:
    return "<br>".join(f"`{word}`" for word in words)


def _table(head: list[str], lines: list[list[str]]) -> str:
    table = [head, ["---"] * len(head), *lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in table)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page())
    else:
        sys.stdout.write(page())
