from typing import Any, Literal, Optional

from pydantic import BaseModel, Field

from telamon.plugin.schema import input_schema


class Transition(BaseModel, extra="forbid"):
    """Where to."""

    id: str


class Node(BaseModel):
    children: "list[Node]" = Field(default_factory=list)


def test_a_nested_model_stands_where_it_is_used() -> None:
    class Arguments(BaseModel):
        transition: Transition
        other: Transition | None = None

    schema = input_schema(Arguments)
    assert "$defs" not in schema
    assert schema["properties"]["other"] == schema["properties"]["transition"]
    assert schema["properties"]["transition"]["properties"] == {"id": {"type": "string"}}
    assert schema["required"] == ["transition"]


def test_one_allowed_value_is_an_enum_of_one() -> None:
    class Arguments(BaseModel):
        subtype: Literal["live"] | None = None

    assert input_schema(Arguments)["properties"] == {
        "subtype": {"type": "string", "enum": ["live"]}
    }


def test_a_model_that_refers_to_itself_stays_a_reference() -> None:
    class Arguments(BaseModel):
        tree: Node

    schema = input_schema(Arguments)
    assert schema["$defs"]["Node"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Node"}
    children: Any = schema["properties"]["tree"]["properties"]["children"]
    assert children["items"] == {"$ref": "#/$defs/Node"}


def test_a_choice_of_several_types_keeps_them_without_null() -> None:
    class Arguments(BaseModel):
        ids: Optional[str | list[int]] = None  # noqa: UP045 - as plugin authors write it too

    assert input_schema(Arguments)["properties"]["ids"] == {
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "integer"}}]
    }
