"""A small product that declares one of everything, for tests of the server's own rooms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, Field

from telamon.plugin import (
    AnyProduct,
    Api,
    Ari,
    Call,
    Fetch,
    Hit,
    Product,
    Scope,
    Search,
    Tool,
    prompt,
    resource,
    tool,
)

READ_TOYS = Scope("read:toys", "read the toys")
WRITE_TOYS = Scope("write:toys", "change the toys", "write")
DELETE_TOYS = Scope("delete:toys", "throw toys away", "delete")

ToyId = Annotated[str, Field(pattern=r"^\d+$")]


class ToySettings(BaseModel, extra="forbid"):
    """The section ``[plugins.toys]``."""

    page_size: int = 10


@dataclass(frozen=True, slots=True)
class Toys:
    api: Api
    settings: ToySettings


class Really(BaseModel):
    sure: bool


@tool(READ_TOYS, access="read", group="toys", title="Read a toy")
async def get_toy(toys: Toys, *, toy_id: ToyId, fields: list[str] | None = None) -> Any:
    """Read one toy."""
    return await toys.api.get("/rest/toys/{toyId}", {"fields": fields}, toyId=toy_id)


@tool(READ_TOYS, WRITE_TOYS, access="write", group="toys", title="Paint a toy")
async def paint_toy(toys: Toys, call: Call, *, toy_id: ToyId, colour: str) -> str:
    """Paint one toy."""
    await call.progress(1, 2, "mixing")
    await toys.api.put("/rest/toys/{toyId}", {"colour": colour}, toyId=toy_id)
    return f"Toy {toy_id} is {colour}."


@tool(DELETE_TOYS, access="delete", group="toys", title="Throw a toy away")
async def delete_toy(toys: Toys, call: Call, *, toy_id: ToyId) -> str:
    """Throw one toy away, after asking."""
    answer = await call.ask("sure", f"Throw toy {toy_id} away?", Really)
    if answer.value is None or not answer.value.sure:
        return "The toy stays."
    await toys.api.delete("/rest/toys/{toyId}", toyId=toy_id)
    return "Gone."


@resource("toys://{site}/toy/{key}", READ_TOYS, title="A toy")
async def toy(toys: Toys, *, key: str) -> str:
    """One toy as text."""
    found = await toys.api.get("/rest/toys/{toyId}", toyId=key)
    return str(found["name"])


@prompt(READ_TOYS, title="Tidy up")
async def tidy_up(toys: Toys, *, room: str = "nursery") -> str:
    """Put the toys of a room in order."""
    del toys
    return f"Put the toys of the {room} in order."


async def _search(toys: Toys, words: str, limit: int) -> Sequence[Hit]:
    found = await toys.api.get("/rest/toys", {"text": words, "limit": limit})
    return [
        Hit(
            ari=f"ari:cloud:toys:{toys.api.site.cloud_id}:toy/{item['id']}",
            url=f"{toys.api.site.url}/toys/{item['id']}",
            kind="toy",
            title=item["name"],
        )
        for item in found["toys"]
    ]


def _claims(reference: Ari | str) -> bool:
    return reference.kind == "toy" if isinstance(reference, Ari) else reference.startswith("/toys/")


async def _fetch(toys: Toys, reference: Ari | str) -> object:
    number = reference.id if isinstance(reference, Ari) else reference.removeprefix("/toys/")
    return await toys.api.get("/rest/toys/{toyId}", toyId=number)


def make_product(
    *tools: Tool[Toys],
    name: str = "toys",
    connect: Callable[[Api, ToySettings], Toys] = Toys,
    **changes: Any,
) -> AnyProduct:
    """Return the toy product, with other *tools* or *changes* where a test wants them."""
    given: dict[str, Any] = {
        "title": "Toys",
        "gateway": "toys",
        "api_roots": ("/rest/toys",),
        "settings": ToySettings,
        "tools": tools or (get_toy, paint_toy, delete_toy),
        "resources": (toy,),
        "prompts": (tidy_up,),
        "search": Search(scopes=frozenset({READ_TOYS}), run=_search),
        "fetch": Fetch(scopes=frozenset({READ_TOYS}), claims=_claims, run=_fetch),
        **changes,
    }
    return Product(name=name, connect=connect, **given)
