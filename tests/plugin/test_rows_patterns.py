"""No text makes a pattern of ours slow, and no tool opens what a caller names."""

import importlib
import inspect
import json
import pkgutil
import re
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import telamon
import telamon_confluence
import telamon_jira
from telamon.loader import load
from telamon.plugin import AnyProduct

LENGTH = 100_000
UNITS = [
    *("a", "a ", "a-", "a.", "a:", "A-1 ", "0", "0.", " ", "\t\n", "\n", "\\", '\\"', '"', "'"),
    *("[", "](", "![", "{", "|", "<", "<a ", "<!--", "&a", "*_", "*", "`", "=", "a=b; ", 'a="'),
    *("%2e", "/", "./", "#", "# ", "http://", "tlm_at_", "eyJ", "Bearer ", "é", "\u200b"),
]
# A call on a pattern by which it looks at every place of a text, and not only at its beginning.
EVERYWHERE = ("search", "sub", "subn", "findall", "finditer", "split")
# It is applied to JSON that the line before has written, in which every string is closed.
ON_OUR_OWN_TEXT = {"telamon.adf.attributes._STRING"}
PLUGINS = load(("jira", "confluence"), {}).products


def modules() -> Iterator[ModuleType]:
    for package in (telamon, telamon_jira, telamon_confluence):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not re.search(r"\.(migrations|sandbox|demo|__main__)\b", found.name):
                yield importlib.import_module(found.name)


def patterns() -> Iterator[tuple[str, re.Pattern[str], bool]]:
    """Yield every pattern of the source by its name, and whether it is looked for everywhere."""
    sources = {module.__name__: inspect.getsource(module) for module in modules()}
    everything = "\n".join(sources.values())
    for module in modules():
        for name, value in vars(module).items():
            if not isinstance(value, re.Pattern) or not isinstance(value.pattern, str):
                continue
            if not re.search(rf"^{name}\b.* = ", sources[module.__name__], re.MULTILINE):
                continue  # it is another module's
            where = sources[module.__name__] if name.startswith("_") else everything
            calls = "|".join(EVERYWHERE)
            yield (
                f"{module.__name__}.{name}",
                value,
                re.search(rf"\b{name}\.({calls})\(", where) is not None,
            )


def hostile(pattern: re.Pattern[str]) -> Iterator[str]:
    """Yield long texts that nearly match, the pattern's own beginning among them."""
    literal = re.match(r"(?:\\\W|[\w<:/ -])*", pattern.pattern)
    own = [literal[0].replace("\\", "")] if literal and literal[0] else []
    for unit in (*UNITS, *own):
        yield unit * (LENGTH // len(unit)) + "\0!"


@pytest.mark.row("SEC-J12")
@pytest.mark.parametrize(
    ("pattern", "everywhere"),
    [
        pytest.param(pattern, everywhere, id=name)
        for name, pattern, everywhere in patterns()
        if name not in ON_OUR_OWN_TEXT
    ],
)
def test_no_pattern_of_ours_is_slow(pattern: re.Pattern[str], everywhere: bool) -> None:
    for text in hostile(pattern):
        began = time.process_time()
        pattern.match(text)
        pattern.fullmatch(text)
        if everywhere:
            pattern.findall(text)
        assert time.process_time() - began < 2, text[:20]  # a quadratic one takes far longer


def opening(product: AnyProduct) -> set[tuple[str, str]]:
    """Return the arguments of a product's tools that could name something to open."""
    return {
        (tool.name, name)
        for tool in product.tools
        for name in tool.schema["properties"]
        if re.search(r"(path|file|ur[il]|href|source|folder)$", name, re.IGNORECASE)
    }


@pytest.mark.row("SEC-I09", "SEC-I10")
def test_no_tool_opens_an_address_or_a_file_that_a_caller_names() -> None:
    # A remote link is stored at Jira, which shows it; neither it nor we fetch it.
    assert {found for product in PLUGINS for found in opening(product)} == {
        ("createJiraRemoteLink", "url")
    }


@pytest.mark.row("SEC-I10")
def test_no_plugin_touches_the_file_system_or_the_network_by_itself() -> None:
    for module in modules():
        if module.__name__.split(".")[0] == "telamon":
            continue
        source = inspect.getsource(module)
        used = re.findall(r"\bopen\(|\bPath\(|\bsocket\b|\baiohttp\b|\burlopen\b", source)
        assert used == [], module.__name__


def depth(schema: Any) -> int:
    """Return how deep a schema is nested."""
    if not isinstance(schema, dict | list):
        return 0
    within = schema.values() if isinstance(schema, dict) else schema
    return 1 + max((depth(each) for each in within), default=0)


@pytest.mark.row("MCP-B31", "MCP-C43", "MCP-C15")
@pytest.mark.parametrize("product", PLUGINS, ids=lambda product: product.name)
def test_every_tool_has_a_plain_name_and_a_small_schema_of_its_own(product: AnyProduct) -> None:
    for tool in product.tools:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,63}", tool.name)
        schema, said = dict(tool.schema), json.dumps(dict(tool.schema))
        assert schema["type"] == "object"
        Draft202012Validator.check_schema(schema)
        assert not [ref for ref in re.findall(r'"\$ref": "([^"]*)"', said) if ref[:1] != "#"]
        assert "x-mcp-header" not in said
        assert depth(schema) <= 12
        assert len(said) < 20_000
