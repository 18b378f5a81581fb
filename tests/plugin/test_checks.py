from typing import Any

import pytest
from fakes.products import READ_TOYS, Toys, get_toy, make_product
from pydantic import BaseModel

from telamon.plugin import Prompt, Resource, Scope, Tool, prompt, resource, tool
from telamon.plugin.checks import faults_of
from telamon.plugin.testing import product_conforms


def test_a_sound_product_conforms() -> None:
    product_conforms(make_product())


async def unscoped(client: Toys) -> None:
    """Do it."""


class Demanding(BaseModel):
    needed: str


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"tools": (get_toy, get_toy)}, "tool getToy is declared 2 times"),
        (
            {"tools": (tool(access="read", group="g", title="T")(unscoped),)},
            "tool unscoped declares no scope",
        ),
        ({"settings": Demanding}, "setting needed has no default"),
        ({"api_roots": ()}, "no api_roots"),
        ({"api_roots": ("rest/",)}, "'rest/' must begin with a slash"),
        ({"name": "Not A Word"}, "not a lower-case word"),
    ],
)
def test_what_is_wrong_with_a_product_is_named(changes: dict[str, Any], fault: str) -> None:
    assert fault in "\n".join(faults_of(make_product(**changes)))


def test_an_access_that_no_policy_knows_is_a_fault() -> None:
    wrong = "reed"
    product = make_product(tool(READ_TOYS, access=wrong, group="g", title="T")(unscoped))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the fault
    (fault,) = faults_of(product)
    assert fault.startswith("tool unscoped has the access 'reed'; it may be read, write")
    with pytest.raises(ValueError, match="the access 'reed', which is none"):
        Scope("read:toys", "read the toys", wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the fault


def test_a_fault_of_a_tool_names_its_file_and_line() -> None:
    product = make_product(tool(access="read", group="g", title="T")(unscoped))
    line = unscoped.__code__.co_firstlineno
    assert faults_of(product) == [f"tool unscoped declares no scope ({__file__}:{line})"]


def test_one_scope_has_one_sentence() -> None:
    async def other(client: Toys) -> None:
        """Do it."""

    differing: Tool[Toys] = tool(
        Scope("read:toys", "something else"), access="read", group="g", title="T"
    )(other)
    product = make_product(get_toy, differing)
    assert faults_of(product) == ["scope read:toys is described in 2 ways"]


def test_all_faults_come_in_one_assertion() -> None:
    broken = make_product(get_toy, get_toy, api_roots=(), settings=Demanding)
    with pytest.raises(AssertionError) as caught:
        product_conforms(broken)
    assert len(str(caught.value).splitlines()) == 3


def test_a_resource_begins_with_its_site_and_takes_its_other_holes() -> None:
    async def one(client: Toys, *, key: str) -> str:
        """Read."""
        return key

    wrong: Resource[Toys] = resource("toys://toy/{id}", READ_TOYS, title="T")(one)
    assert "must begin with a {site}" in " ".join(wrong.faults)
    assert "takes ['key'] but its template has []" in " ".join(wrong.faults)


def test_a_prompt_needs_a_docstring_and_a_scope() -> None:
    async def silent(client: Toys) -> str:
        return ""

    made: Prompt[Toys] = prompt(title="T")(silent)
    assert "has no docstring" in made.faults
    assert "declares no scope" in made.faults
