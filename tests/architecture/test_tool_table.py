"""``docs/tools.md`` is true: the operations are those of the source, and Atlassian has them."""

import importlib
import pkgutil
from types import ModuleType
from typing import Any, Literal

import pytest
from architecture.reached import Untold, reach, requests_in
from architecture.tool_table import PAGE, WRITTEN_BY, Row, others, page, products, rows
from facts.requests import find, scopes_allow

import telamon_confluence
import telamon_jira


def test_the_page_is_what_the_source_says() -> None:
    assert PAGE.read_text() == page(), f"run: {WRITTEN_BY}"


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: f"{row.product}-{row.name}")
def test_every_operation_is_atlassians_and_the_declared_scopes_are_enough(row: Row) -> None:
    for method, path in row.operations:
        fact = find(row.product, method, path)
        assert fact is not None, f"{method} {path}"
        assert not fact.get("deprecated"), f"{method} {path}"
        assert scopes_allow(row.product, method, path, row.scopes), f"{method} {path}"


@pytest.mark.parametrize("plugin", [telamon_jira, telamon_confluence], ids=lambda m: m.__name__)
def test_every_request_in_the_source_belongs_to_something_declared(plugin: ModuleType) -> None:
    product = next(each for each in products() if plugin.__name__ == f"telamon_{each.name}")
    assert product.search is not None
    assert product.fetch is not None
    assert product.health is not None
    found = reach(
        *(tool.run for tool in product.tools),
        *(item.run for item in others(product)),
        *(complete for item in others(product) for complete in item.complete.values()),
        product.search.run,
        product.fetch.run,
        product.health,
    )
    assert found.places == {place for module in modules(plugin) for place in requests_in(module)}


def modules(plugin: ModuleType) -> list[ModuleType]:
    """Everything of a plugin but its emulator, which asks nobody."""
    names = [found.name for found in pkgutil.walk_packages(plugin.__path__, f"{plugin.__name__}.")]
    return [plugin, *(importlib.import_module(n) for n in names if ".sandbox" not in n)]


ROOT = "/rest/api/3"


async def test_a_choice_is_followed_and_a_free_text_is_not() -> None:
    async def chosen(client: Any, *, kind: Literal["a", "b"], deep: bool) -> None:
        path = f"{ROOT}/{kind}" + ("/x" if deep else "")
        await client.api.upload(path, None, method="PUT")

    async def free(client: Any, *, kind: str) -> None:
        await client.api.get(f"{ROOT}/{kind}")

    paths = [f"{ROOT}/a", f"{ROOT}/a/x", f"{ROOT}/b", f"{ROOT}/b/x"]
    assert reach(chosen).operations == {("PUT", path) for path in paths}
    with pytest.raises(Untold, match="kind"):
        reach(free)
