from typing import Any

import pytest
from fakes.endpoint_server import McpServer, mcp_server
from fakes.mcp_client import Answer, Client, request
from fakes.products import READ_TOYS, Toys, make_product

from telamon.plugin import Embedded, Message, Text, Unavailable, prompt, resource

TEMPLATE = "toys://{site}/toy/{key}"


async def read(client: Client, uri: str) -> Answer:
    return await client.modern(request("resources/read", {"uri": uri}))


async def test_a_resource_of_the_own_site_is_read(client: Client) -> None:
    answer = await read(client, "toys://one.example.com/toy/1")
    assert answer.result["contents"] == [
        {"uri": "toys://one.example.com/toy/1", "mimeType": "text/markdown", "text": "Bear"}
    ]
    assert answer.result["cacheScope"] == "private"


@pytest.mark.row("SEC-G02")
async def test_a_resource_of_another_site_is_refused(server: McpServer, client: Client) -> None:
    answer = await read(client, "toys://two.example.com/toy/1")
    assert answer.error["code"] == -32602
    assert server.gateway.given == []


@pytest.mark.row("MCP-B30", "MCP-C21")
@pytest.mark.parametrize("uri", ["toys://one.example.com/toy/7", "test://nothing"])
async def test_a_resource_that_is_not_there_has_each_revisions_own_code(
    client: Client, uri: str
) -> None:
    assert (await read(client, uri)).error["code"] == -32602
    await client.start()
    old = await client.post(request("resources/read", {"uri": uri}))
    assert old.error["code"] == -32002
    assert old.error["data"] == {"uri": uri}


async def test_templates_and_prompts_are_listed_for_those_who_have_the_scopes(
    server: McpServer, client: Client
) -> None:
    templates = (await client.modern(request("resources/templates/list"))).result
    assert [each["uriTemplate"] for each in templates["resourceTemplates"]] == [TEMPLATE]
    prompts = (await client.modern(request("prompts/list"))).result["prompts"]
    assert prompts[0]["arguments"] == [{"name": "room", "required": False}]
    assert (await client.modern(request("resources/list"))).result["resources"] == []
    client.token = await server.token(["read:workshop"])
    assert (await client.modern(request("prompts/list"))).result["prompts"] == []
    templates = (await client.modern(request("resources/templates/list"))).result
    assert templates["resourceTemplates"] == []


async def test_a_prompt_is_written(client: Client) -> None:
    params: dict[str, Any] = {"name": "tidyUp", "arguments": {"room": "attic"}}
    answer = await client.modern(request("prompts/get", params))
    (message,) = answer.result["messages"]
    assert message == {
        "role": "user",
        "content": {"type": "text", "text": "Put the toys of the attic in order."},
    }


@pytest.mark.parametrize(
    "params", [{"name": "nothing"}, {"name": "tidyUp", "arguments": {"floor": "1"}}]
)
async def test_a_prompt_that_cannot_be_written_is_the_callers_fault(
    client: Client, params: dict[str, Any]
) -> None:
    assert (await client.modern(request("prompts/get", params))).error["code"] == -32602


async def _keys(toys: Toys, typed: str, others: Any) -> list[str]:
    del toys
    if typed == "down":
        raise Unavailable("Toys are down.")
    if typed == "bug":
        raise RuntimeError("secret-detail")
    return [f"{typed}{number}{others.get('site', '')}" for number in range(150)]


@resource("toys://{site}/box/{key}", READ_TOYS, title="A box", complete={"key": _keys})
async def box(toys: Toys, *, key: str) -> Embedded:
    """A box as text or as bytes."""
    del toys
    data: str | bytes = f"box {key}\u200b" if key == "a/b" else b"\x00"
    return Embedded("toys://x", data, "text/plain")


@prompt(READ_TOYS, title="Several", complete={"colour": _keys})
async def several(toys: Toys, *, colour: str) -> list[Message]:
    """Write two messages."""
    del toys
    return [Message(Text(colour)), Message("Yes?", role="assistant")]


@pytest.fixture
async def boxes(client: Client) -> Any:
    product = make_product(resources=(box,), prompts=(several,))
    async with mcp_server([product]) as server:
        yield Client(client.http, server.mcp, await server.token())


def completing(ref: dict[str, str], name: str, value: str, **others: str) -> dict[str, Any]:
    return request(
        "completion/complete",
        {
            "ref": ref,
            "argument": {"name": name, "value": value},
            "context": {"arguments": others},
        },
    )


BOX = {"type": "ref/resource", "uri": "toys://{site}/box/{key}"}
SEVERAL = {"type": "ref/prompt", "name": "several"}


async def test_holes_are_decoded_and_bytes_are_base64(boxes: Client) -> None:
    text = await read(boxes, f"toys://{'one.example.com'}/box/a%2Fb")
    assert text.result["contents"][0]["text"] == "box a/b"
    raw = await read(boxes, "toys://one.example.com/box/c")
    assert raw.result["contents"][0]["blob"] == "AA=="


async def test_a_prompt_may_have_several_messages(boxes: Client) -> None:
    params = {"name": "several", "arguments": {"colour": "red"}}
    answer = await boxes.modern(request("prompts/get", params))
    roles = [message["role"] for message in answer.result["messages"]]
    assert roles == ["user", "assistant"]


async def test_completion_gives_at_most_a_hundred_and_says_there_is_more(boxes: Client) -> None:
    found = (await boxes.modern(completing(BOX, "key", "k", site="!"))).result["completion"]
    assert (len(found["values"]), found["total"], found["hasMore"]) == (100, 150, True)
    assert found["values"][0] == "k0!"
    colour = (await boxes.modern(completing(SEVERAL, "colour", "c"))).result["completion"]
    assert colour["values"][0] == "c0"


async def test_the_site_completes_to_the_tokens_own(boxes: Client) -> None:
    found = (await boxes.modern(completing(BOX, "site", ""))).result["completion"]
    assert found["values"] == ["one.example.com"]


async def test_nothing_to_suggest_is_an_empty_list(boxes: Client) -> None:
    found = (await boxes.modern(completing(SEVERAL, "other", ""))).result["completion"]
    assert found["values"] == []


@pytest.mark.parametrize(
    "ref", [{"type": "ref/prompt", "name": "x"}, {"type": "ref/resource", "uri": "x"}]
)
async def test_what_does_not_exist_cannot_be_completed(boxes: Client, ref: dict[str, str]) -> None:
    assert (await boxes.modern(completing(ref, "key", ""))).error["code"] == -32602


async def test_a_failing_completion_is_an_error_without_details(boxes: Client) -> None:
    down = await boxes.modern(completing(BOX, "key", "down"))
    assert down.error == {"code": -32603, "message": "Toys are down."}
    bug = await boxes.modern(completing(BOX, "key", "bug"))
    assert bug.error["code"] == -32603
    assert "secret-detail" not in bug.error["message"]
