import json

import pytest
from fakes.endpoint_server import BEN_SITE, McpServer
from fakes.endpoint_workshop import Workshop
from fakes.mcp_client import Answer, Client, call

from telamon.plugin import Hit, Unavailable
from telamon.storage import StorageUnavailable, Unsealable


def data(answer: Answer) -> object:
    return json.loads(answer.text)


async def test_the_user_learns_who_they_are(server: McpServer, client: Client) -> None:
    await server.grant()
    assert data(await client.modern(call("atlassianUserInfo"))) == {
        "accountId": "ada",
        "name": "Ada Example",
        "email": "ada@example.com",
        "site": "https://one.example.com",
    }
    assert server.gateway.given == []


async def test_without_a_grant_the_user_has_to_sign_in_again(client: Client) -> None:
    answer = await client.modern(call("atlassianUserInfo"))
    assert answer.result["isError"] is True
    assert "connect to the server again" in answer.text


@pytest.mark.row("SEC-G03")
async def test_the_sites_are_the_tokens_own_one(server: McpServer, client: Client) -> None:
    client.token = await server.token(["read:toys"], account="ben", site=BEN_SITE)
    assert data(await client.modern(call("getAccessibleAtlassianResources"))) == [
        {
            "id": BEN_SITE.cloud_id,
            "url": BEN_SITE.url,
            "name": BEN_SITE.name,
            "scopes": ["read:toys"],
        }
    ]


def hit(number: int) -> Hit:
    return Hit(ari=f"ari:{number}", url=f"https://x/{number}", kind="bench", title=str(number))


async def test_search_merges_what_every_product_found(client: Client, workshop: Workshop) -> None:
    workshop.hits = lambda: [hit(1), hit(2), hit(3)]
    answer = data(await client.modern(call("search", query="bear", limit=4)))
    assert isinstance(answer, dict)
    assert [result["title"] for result in answer["results"]] == ["Bear", "1", "Car", "2"]
    assert "notSearched" not in answer


@pytest.mark.parametrize(
    ("error", "said"),
    [(Unavailable("It is down."), "It is down."), (RuntimeError("x"), "in the server's log")],
)
async def test_a_product_that_fails_hides_nothing_of_the_others(
    client: Client, workshop: Workshop, error: Exception, said: str
) -> None:
    def fail() -> list[Hit]:
        raise error

    workshop.hits = fail
    answer = data(await client.modern(call("search", query="bear")))
    assert isinstance(answer, dict)
    assert [result["title"] for result in answer["results"]] == ["Bear", "Car"]
    assert said in answer["notSearched"]["workshop"]


async def test_search_says_which_scopes_are_missing(server: McpServer, client: Client) -> None:
    client.token = await server.token(["read:toys"])
    answer = data(await client.modern(call("search", query="bear")))
    assert isinstance(answer, dict)
    assert "read:workshop" in answer["notSearched"]["workshop"]
    client.token = await server.token([])
    nothing = await client.modern(call("search", query="bear"))
    assert nothing.result["isError"] is True


@pytest.mark.parametrize(
    "reference",
    [
        "ari:cloud:toys:11111111-1111-4111-8111-111111111111:toy/1",
        "ari:cloud:toys::toy/1",
        "https://one.example.com/toys/1",
        "https://ONE.example.com/toys/1",
    ],
)
async def test_fetch_reads_an_ari_or_an_address(client: Client, reference: str) -> None:
    assert data(await client.modern(call("fetch", id=reference))) == {"id": "1", "name": "Bear"}


@pytest.mark.row("SEC-G02")
@pytest.mark.parametrize(
    "reference",
    [
        "ari:cloud:toys:22222222-2222-4222-8222-222222222222:toy/1",
        "https://two.example.com/toys/1",
        "https://one.example.com@evil.example.com/toys/1",
        "https://one.example.com\\@evil.example.com/toys/1",
        "http://one.example.com/toys/1",
        "https://one.example.com:8443/toys/1",
        "https://[/toys",
        "ari:cloud:toys",
        "ari:cloud:toys::",
        "https://one.example.com/cars/1?x=1",
        "a bear",
    ],
)
async def test_fetch_refuses_anything_else_without_asking_anybody(
    server: McpServer, client: Client, reference: str
) -> None:
    answer = await client.modern(call("fetch", id=reference))
    assert answer.result["isError"] is True
    assert server.gateway.given == []


async def test_fetch_names_the_scope_it_lacks(server: McpServer, client: Client) -> None:
    client.token = await server.token(["read:workshop"])
    answer = await client.modern(call("fetch", id="ari:cloud:toys::toy/1"))
    assert "read:toys" in answer.text


async def test_a_tool_that_is_not_listed_is_found_and_called(
    server: McpServer, client: Client
) -> None:
    found = data(await client.modern(call("findTools", query="ask scopes")))
    assert isinstance(found, dict)
    assert found["tools"][0]["name"] == "lacking"
    assert found["tools"][0]["inputSchema"]["type"] == "object"
    answer = await client.modern(call("callTool", name="getToy", arguments={"toyId": "1"}))
    assert answer.text == '{"id":"1","name":"Bear"}'
    assert [getattr(event, "tool", None) for event in server.events] == ["findTools", "getToy"]


async def test_call_tool_checks_like_a_direct_call(client: Client) -> None:
    wrong = await client.modern(call("callTool", name="getToy", arguments={"toyId": "x"}))
    assert "toyId" in wrong.text
    unknown = await client.modern(call("callTool", name="nothing"))
    assert unknown.error["code"] == -32602
    itself = await client.modern(call("callTool", name="callTool"))
    assert itself.result["isError"] is True
    own = await client.modern(call("callTool", name="getAccessibleAtlassianResources"))
    assert "one.example.com" in own.text


async def test_tools_without_their_scopes_are_not_found(server: McpServer, client: Client) -> None:
    client.token = await server.token(["read:toys"])
    found = data(await client.modern(call("findTools", query="paint a toy")))
    assert isinstance(found, dict)
    assert found["tools"] == []
    assert found["notApprovedByTheUser"][0] == "paintToy"


async def test_a_tool_that_is_listed_is_named_without_its_schema(client: Client) -> None:
    found = data(await client.modern(call("findTools", query="read toys")))
    assert isinstance(found, dict)
    assert "getToy" in found["alreadyListed"]
    assert "getToy" not in [each["name"] for each in found["tools"]]


async def test_words_that_say_nothing_find_nothing_by_themselves(client: Client) -> None:
    found = data(await client.modern(call("findTools", query="launch a rocket to the moon")))
    assert found == {"tools": []}


async def test_a_grant_that_cannot_be_opened_needs_a_new_sign_in(
    server: McpServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def get(grant_id: str) -> None:
        raise Unsealable("grants", grant_id, "profile")

    monkeypatch.setattr(server.storage.grants, "get", get)
    answer = await client.modern(call("atlassianUserInfo"))
    assert "connect to the server again" in answer.text


async def test_while_the_database_is_away_a_tool_says_so(
    server: McpServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def get(_grant_id: str) -> None:
        raise StorageUnavailable("it is away")

    monkeypatch.setattr(server.storage.grants, "get", get)
    answer = await client.modern(call("atlassianUserInfo"))
    assert answer.result["isError"] is True
    assert "database cannot be reached just now; try again" in answer.text
