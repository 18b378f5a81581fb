from typing import Annotated, Any, Literal

import pytest
from fakes.products import READ_TOYS, Toys, ToySettings, get_toy, paint_toy
from pydantic import Field, ValidationError

from telamon.plugin import Call, Tool, tool
from telamon.plugin.testing import FakeApi, FakeCall


def declare(run: Any, **more: Any) -> Tool[Toys]:
    declared: Tool[Toys] = tool(READ_TOYS, access="read", group="toys", title="T", **more)(run)
    return declared


def toys(api: FakeApi) -> Toys:
    return Toys(api, ToySettings())


async def test_a_tool_gets_its_arguments_by_their_names_on_the_wire() -> None:
    api = FakeApi(answers={("GET", "/rest/toys/7"): {"id": 7}})
    assert await get_toy.call(toys(api), FakeCall(), {"toyId": "7", "fields": ["a"]}) == {"id": 7}
    assert api.requests[0].query == {"fields": ["a"]}


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"toyId": "../7"}, "toyId"),
        ({"toy_id": "7"}, "toyId"),
        ({"toyId": "7", "colour": "red"}, "colour"),
        ({"toyId": "7", "fields": "a"}, "fields"),
        ({}, "toyId"),
    ],
)
async def test_arguments_that_do_not_fit_never_reach_the_tool(
    arguments: dict[str, Any], field: str
) -> None:
    api = FakeApi()
    with pytest.raises(ValidationError) as caught:
        await get_toy.call(toys(api), FakeCall(), arguments)
    assert field in {fault["loc"][0] for fault in caught.value.errors()}
    assert api.requests == []


async def test_a_tool_that_wants_the_call_gets_it_behind_its_client() -> None:
    api, call = FakeApi(answers={("PUT", "/rest/toys/7"): None}), FakeCall()
    assert await paint_toy.call(toys(api), call, {"toyId": "7", "colour": "red"}) == "Toy 7 is red."
    assert call.reported == [(1, 2, "mixing")]


def test_names_are_camel_case_and_an_explicit_alias_wins() -> None:
    async def make_it(
        client: Toys,
        *,
        page_id: str,
        type_: Literal["a", "b"] = "a",
        account: Annotated[str | None, Field(alias="assignee_account_id")] = None,
    ) -> None:
        """Make it."""

    declared = declare(make_it)
    assert declared.faults == ()
    assert declared.name == "makeIt"
    assert list(declared.schema["properties"]) == ["pageId", "type", "assignee_account_id"]


def test_a_schema_holds_no_titles_and_no_null_branches() -> None:
    async def find(client: Toys, *, title: str, default: int | None = None) -> None:
        """Find."""

    assert declare(find).schema == {
        "type": "object",
        "properties": {"title": {"type": "string"}, "default": {"type": "integer"}},
        "required": ["title"],
        "additionalProperties": False,
    }


def test_every_fault_of_a_declaration_is_named() -> None:
    async def wrong(client: Toys, key: str, *, untyped, odd: "Unknown" = None) -> None:  # type: ignore[no-untyped-def,name-defined]  # noqa: F821, ANN001 - the faults under test
        pass

    async def positional(client: Toys, key: str, *, untyped) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - the fault under test
        pass

    def blocking(client: Toys) -> None:
        """Block."""

    async def nobody(*, key: str) -> None:
        """Has no client."""

    async def unschemable(client: Toys, *, what: Call) -> None:
        """Take what has no schema."""

    assert "cannot be resolved" in " ".join(declare(wrong).faults)
    told = " ".join(declare(positional).faults)
    assert "'key' by position" in told
    assert "'untyped' no type" in told
    assert "no docstring" in told
    assert "must be an async function" in declare(blocking).faults
    assert "must take the product's client" in " ".join(declare(nobody).faults)
    assert "no input schema" in " ".join(declare(unschemable).faults)
    assert "MCP does not allow" in " ".join(declare(nobody, name="not allowed").faults)


def test_annotations_follow_the_access_unless_they_are_given() -> None:
    async def act(client: Toys) -> None:
        """Act."""

    def flags(access: Literal["read", "write", "delete", "manage"], **more: Any) -> Any:
        made: Tool[Toys] = tool(READ_TOYS, access=access, group="g", title="T", **more)(act)
        return made.destructive, made.idempotent

    assert flags("read") == (False, True)
    assert flags("write") == (False, False)
    assert flags("delete") == (True, True)
    assert flags("write", destructive=True, idempotent=True) == (True, True)
