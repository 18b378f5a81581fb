from enum import Enum
from typing import Any, Literal

import pytest
from fakes.endpoint_server import McpServer
from fakes.endpoint_workshop import Workshop
from fakes.mcp_client import Answer, Client, all_events, call, read_event
from pydantic import BaseModel, Field

from telamon.endpoint.asking import form_schema

FORMS: dict[str, Any] = {"elicitation": {}}
SIZE = {"size": {"action": "accept", "content": {"size": "large"}}}
COLOUR = {"colour": {"action": "accept", "content": {"colour": "red"}}}


def again(answers: dict[str, Any], state: str | None = None, **arguments: Any) -> dict[str, Any]:
    message = call("order", thing=arguments.get("thing", "desk"))
    message["params"]["inputResponses"] = answers
    if state is not None:
        message["params"]["requestState"] = state
    return message


async def first_round(client: Client) -> Answer:
    return await client.modern(call("order", thing="desk"), capabilities=FORMS)


@pytest.mark.row("MCP-C39", "MCP-C40", "MCP-C41")
async def test_two_questions_are_two_rounds_and_one_order(
    client: Client, workshop: Workshop
) -> None:
    first = (await first_round(client)).result
    assert first["resultType"] == "input_required"
    (asked,) = first["inputRequests"].values()
    assert asked["method"] == "elicitation/create"
    assert asked["params"]["message"] == "Which size of desk?"
    assert asked["params"]["requestedSchema"]["required"] == ["size"]
    second = (await client.modern(again(SIZE, first["requestState"]), capabilities=FORMS)).result
    assert list(second["inputRequests"]) == ["colour"]
    assert second["requestState"] != first["requestState"]
    last = await client.modern(again(COLOUR, second["requestState"]), capabilities=FORMS)
    assert last.text == "Ordered a large red desk."
    assert workshop.done == ["desk"]


@pytest.mark.row("MCP-C41", "SEC-N06", "MCP-J2")
@pytest.mark.parametrize(
    "theft", ["tampered", "other arguments", "other user", "other client", "no string"]
)
async def test_a_state_that_is_not_ones_own_is_refused(
    server: McpServer, client: Client, workshop: Workshop, theft: str
) -> None:
    state = (await first_round(client)).result["requestState"]
    thing = "chair" if theft == "other arguments" else "desk"
    if theft == "tampered":
        state = state[:-2] + ("AA" if state[-2:] != "AA" else "BB")
    if theft == "other user":
        client.token = await server.token(account="ben")
    if theft == "other client":
        client.token = await server.token(client="client-2")
    message = again(SIZE, state, thing=thing)
    if theft == "no string":
        message["params"]["requestState"] = 7
    answer = await client.modern(message, capabilities=FORMS)
    assert (answer.status, answer.error["code"]) == (400, -32602)
    assert workshop.done == []


@pytest.mark.row("MCP-C42")
async def test_a_missing_answer_is_asked_for_again(client: Client) -> None:
    state = (await first_round(client)).result["requestState"]
    for message in (again({"other": SIZE["size"]}, state), again({}, state)):
        answer = await client.modern(message, capabilities=FORMS)
        assert list(answer.result["inputRequests"]) == ["size"]


@pytest.mark.row("MCP-C42")
async def test_an_answer_that_does_not_fit_is_an_error(client: Client, workshop: Workshop) -> None:
    wrong = {"size": {"action": "accept", "content": {"size": "huge"}}}
    state = (await first_round(client)).result["requestState"]
    answer = await client.modern(again(wrong, state), capabilities=FORMS)
    assert answer.error["code"] == -32602
    assert "size" in answer.error["message"]
    assert workshop.done == []


@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_a_refusal_reaches_the_tool(client: Client, workshop: Workshop, action: str) -> None:
    state = (await first_round(client)).result["requestState"]
    answer = await client.modern(again({"size": {"action": action}}, state), capabilities=FORMS)
    assert answer.text == f"No order: {action}."
    assert workshop.done == []


@pytest.mark.row("MCP-C40", "MCP-C9")
@pytest.mark.parametrize("capabilities", [{}, {"elicitation": {"url": {}}}])
async def test_a_client_that_cannot_ask_is_told_what_to_do(
    client: Client, capabilities: dict[str, Any]
) -> None:
    answer = await client.modern(call("order", thing="desk"), capabilities=capabilities)
    assert answer.result["isError"] is True
    assert "Pass the answer as an argument" in answer.text


@pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25"])
async def test_before_2026_the_question_is_a_request_on_the_stream(
    client: Client, workshop: Workshop, version: str
) -> None:
    await client.start(version, elicitation={})
    async with client.sent(call("order", thing="desk")) as response:
        for content in ({"size": "small"}, {"colour": "blue"}):
            event = await read_event(response)
            while event is not None and not event.data:
                event = await read_event(response)
            assert event is not None
            asked = event.message
            assert asked["method"] == "elicitation/create"
            assert set(asked["params"]["requestedSchema"]["properties"]) == set(content)
            result = {"action": "accept", "content": content}
            given = {"jsonrpc": "2.0", "id": asked["id"], "result": result}
            assert (await client.post(given)).status == 202
        last = (await all_events(response))[-1].message
    assert last["result"]["content"][0]["text"] == "Ordered a small blue desk."
    assert workshop.done == ["desk"]


@pytest.mark.parametrize("number", [None, "9" * 5000])
async def test_an_answer_to_a_question_of_another_process_answers_nothing_here(
    client: Client, number: str | None
) -> None:
    await client.start(elicitation={})
    async with client.sent(call("order", 3, thing="boat")) as response:
        await read_event(response)
        question = await read_event(response)
        assert question is not None
        own, _, first = question.message["id"].partition(".")
        before = "0123456789abcdef" if number is None else own
        stale = {"jsonrpc": "2.0", "id": f"{before}.{number or first}"}
        error = {"code": -32603, "message": "of a question before the restart"}
        assert (await client.post({**stale, "error": error})).status == 202
        answer = {"jsonrpc": "2.0", "id": question.message["id"], "result": {"action": "decline"}}
        assert (await client.post(answer)).status == 202
        last = (await all_events(response))[-1].message
    assert last["result"]["content"][0]["text"] == "No order: decline."


@pytest.mark.row("MCP-B28")
async def test_a_question_that_nobody_answers_ends_as_one_that_cannot_be_put(
    client: Client, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telamon.endpoint.asking._ANSWER_SECONDS", 0.05)
    await client.start("2025-11-25", elicitation={})
    answer = await client.post(call("order", thing="desk"))
    assert answer.result["isError"] is True
    assert "did not answer in time" in answer.text
    assert "Which size of desk?" in answer.text
    assert workshop.done == []


async def test_a_revision_without_elicitation_cannot_ask(client: Client) -> None:
    await client.start("2025-03-26", elicitation={})
    answer = await client.post(call("order", thing="desk"))
    assert "cannot put a question" in answer.text


class Wood(Enum):
    OAK = "oak"
    PINE = "pine"


class Form(BaseModel):
    wood: Wood
    name: str = Field(title="Your name")
    note: str | None = None
    number: int = Field(default=3, ge=1)
    kind: Literal["a", "b"] = "a"


def test_a_form_is_flat_and_keeps_what_people_read() -> None:
    schema = form_schema(Form)
    assert schema["required"] == ["wood", "name"]
    fields = schema["properties"]
    assert fields["wood"]["enum"] == ["oak", "pine"]
    assert fields["name"]["title"] == "Your name"
    assert fields["note"]["type"] == "string"
    assert "default" not in fields["note"]
    assert fields["number"]["default"] == 3
    assert "$defs" not in schema
