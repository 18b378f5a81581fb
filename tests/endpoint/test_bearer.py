import asyncio
import base64
from collections.abc import Mapping

import aiohttp
import pytest
from conftest import FakeClock
from fakes.endpoint_server import McpServer
from fakes.mcp_client import MODERN, Client, call, request
from fakes.replica_pair import eventually

from telamon.storage import StorageUnavailable, Token
from telamon.storage.credentials import new_secret


def challenge(headers: Mapping[str, str]) -> str:
    return headers["WWW-Authenticate"]


@pytest.mark.row("SEC-N03", "SEC-N19", "MCP-D2", "MCP-D3", "MCP-D5", "MCP-A3", "MCP-B4", "MCP-C4")
@pytest.mark.parametrize("path", ["/v1/mcp", "/v1/sse", "/v1/sse/message"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
async def test_without_a_token_every_method_is_challenged(
    server: McpServer, http: aiohttp.ClientSession, method: str, path: str
) -> None:
    async with http.request(method, f"{server.url}{path}") as response:
        assert response.status == 401
        said = challenge(response.headers)
    resource = "/v1/mcp" if path == "/v1/mcp" else "/v1/sse"
    metadata = f"{server.url}/.well-known/oauth-protected-resource{resource}"
    assert said.startswith('Bearer scope="')
    assert f'resource_metadata="{metadata}"' in said
    assert "error" not in said


@pytest.mark.row("MCP-D3", "MCP-D4")
async def test_the_challenge_names_every_scope_the_tools_need_and_nothing_else(
    server: McpServer, http: aiohttp.ClientSession
) -> None:
    async with http.get(server.mcp) as response:
        said = challenge(response.headers)
    assert f'scope="{" ".join(server.catalog.initial())}"' in said
    assert "offline_access" not in said


@pytest.mark.row("SEC-N16")
async def test_a_token_in_the_query_is_refused(client: Client) -> None:
    token, client.token = client.token, None
    answer = await client.post(request("ping"), f"{client.url}?access_token={token}")
    assert answer.status == 401
    assert 'error="invalid_token"' in challenge(answer.headers)


@pytest.mark.row("SEC-N21", "MCP-D7")
@pytest.mark.parametrize(
    "token",
    ["eyJhbGciOiJSUzI1NiJ9.atlassian.token", "ATATT3xFfGF0", new_secret("access")],
    ids=["jwt", "atlassian", "unknown"],
)
async def test_a_token_that_we_did_not_issue_is_refused(client: Client, token: str) -> None:
    client.token = token
    answer = await client.post(request("ping"))
    assert answer.status == 401
    said = challenge(answer.headers)
    assert 'error="invalid_token"' in said
    assert said.index("scope=") < said.index("error=")


@pytest.mark.row("SEC-T38")
async def test_a_refresh_token_is_no_access_token(client: Client) -> None:
    client.token = new_secret("refresh")
    assert (await client.post(request("ping"))).status == 401


@pytest.mark.row("SEC-N20", "MCP-D8")
async def test_a_token_for_another_resource_is_refused(server: McpServer, client: Client) -> None:
    client.token = await server.token(resource="https://other.example.com/v1/mcp")
    answer = await client.post(request("ping"))
    assert answer.status == 401
    assert 'error="invalid_token"' in challenge(answer.headers)


async def test_a_token_for_the_sse_address_is_good_everywhere(
    server: McpServer, client: Client
) -> None:
    client.token = await server.token(resource=server.sse)
    assert (await client.modern(request("tools/list"))).status == 200


@pytest.mark.row("MCP-D5")
async def test_an_expired_token_is_refused_even_when_it_was_just_used(
    server: McpServer, client: Client, clock: FakeClock
) -> None:
    client.token = await server.token(seconds=0.5)
    assert (await client.modern(request("tools/list"))).status == 200
    clock.advance(0.6)
    assert (await client.modern(request("tools/list"))).status == 401


@pytest.mark.row("SEC-V01", "SEC-P17")
async def test_a_revoked_token_is_refused_after_a_second_at_the_latest(
    server: McpServer, client: Client, clock: FakeClock
) -> None:
    client.token = await server.token(family="family-x")
    assert (await client.modern(request("tools/list"))).status == 200
    await server.storage.tokens.revoke_family("family-x", "by a test", clock())
    clock.advance(1)
    assert (await client.modern(request("tools/list"))).status == 401


async def test_a_scheme_that_is_not_bearer_counts_as_no_credentials(client: Client) -> None:
    basic = base64.b64encode(b"ada:secret").decode()
    answer = await client.post(request("ping"), Authorization=f"Basic {basic}")
    assert answer.status == 401
    assert "error" not in challenge(answer.headers)


@pytest.mark.row("MCP-D5")
@pytest.mark.parametrize("value", ["Bearer", "Bearer a b", "Bearer ünïcode", "Bearertoken"])
async def test_malformed_credentials_are_a_bad_request(client: Client, value: str) -> None:
    answer = await client.post(request("ping"), Authorization=value)
    assert answer.status == 400
    assert 'error="invalid_request"' in challenge(answer.headers)


async def test_two_authorization_headers_are_a_bad_request(client: Client) -> None:
    headers = [*client.headers().items(), ("Authorization", f"Bearer {client.token}")]
    async with client.http.post(client.url, json=request("ping"), headers=headers) as response:
        assert response.status == 400


async def test_the_scheme_is_case_insensitive(client: Client) -> None:
    answer = await client.modern(request("tools/list"), Authorization=f"bEARER {client.token}")
    assert answer.status == 200


@pytest.mark.row("SEC-N18", "MCP-D6")
@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_a_call_without_its_scopes_is_answered_403_naming_all_of_them(
    server: McpServer, client: Client, era: str
) -> None:
    client.token = await server.token(["read:toys"])
    message = call("paintToy", 1, toyId="1", colour="red")
    if era == "modern":
        answer = await client.modern(message)
    else:
        await client.start()
        answer = await client.post(message)
    assert answer.status == 403
    said = challenge(answer.headers)
    assert said.startswith('Bearer scope="read:toys write:toys", resource_metadata="')
    assert 'error="insufficient_scope"' in said
    assert server.gateway.given == []


@pytest.mark.row("SEC-N18", "MCP-D6", "MCP-C34")
@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("prompts/get", {"name": "tidyUp"}),
        ("resources/read", {"uri": "toys://one.example.com/toy/1"}),
        ("tools/call", {"name": "callTool", "arguments": {"name": "getToy"}}),
    ],
)
async def test_whatever_needs_a_scope_is_refused_before_it_runs(
    server: McpServer, client: Client, method: str, params: dict[str, object]
) -> None:
    client.token = await server.token(["read:workshop"])
    answer = await client.modern(request(method, params))
    assert answer.status == 403
    assert 'scope="read:toys"' in challenge(answer.headers)


@pytest.mark.row("SEC-H02", "SEC-H03", "MCP-B2", "MCP-C2")
@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "null", "http://localhost.evil.example.com"]
)
@pytest.mark.parametrize("version", [None, "2025-11-25", MODERN])
async def test_a_foreign_origin_is_refused(
    client: Client, origin: str, version: str | None
) -> None:
    answer = await client.post(request("ping"), Origin=origin, MCP_Protocol_Version=version)
    assert answer.status == 403
    assert "id" not in answer.last


@pytest.mark.row("MCP-B2")
async def test_our_own_origin_is_welcome(server: McpServer, client: Client) -> None:
    assert (await client.modern(request("tools/list"), Origin=server.url)).status == 200


@pytest.mark.row("SEC-H01")
async def test_another_host_name_is_refused(client: Client) -> None:
    assert (await client.post(request("ping"), Host="evil.example.com")).status == 421


@pytest.mark.row("SEC-H04", "MCP-E8")
async def test_a_browser_client_may_ask_and_read_the_challenge(
    server: McpServer, http: aiohttp.ClientSession
) -> None:
    async with http.options(
        server.mcp,
        headers={"Origin": server.url, "Access-Control-Request-Method": "POST"},
    ) as preflight:
        assert preflight.status == 204
        assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    async with http.get(server.mcp) as response:
        exposed = response.headers["Access-Control-Expose-Headers"]
        assert "WWW-Authenticate" in exposed
        assert "Mcp-Session-Id" in exposed


async def test_the_memory_of_tokens_and_listings_is_bounded(
    server: McpServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telamon.endpoint.bearer._CACHE_SIZE", 1)
    monkeypatch.setattr("telamon.endpoint.listing._MOST_ENCODED", 1)
    for scopes in (["read:toys"], ["read:workshop"], ["read:toys"]):
        client.token = await server.token(scopes)
        assert (await client.modern(request("tools/list"))).status == 200


class Asked:
    """The storage's access tokens, which wait to be let through, and how often they were asked."""

    def __init__(self, server: McpServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0
        self.gate = asyncio.Event()
        self.fails = False
        self._real = server.storage.tokens.access
        monkeypatch.setattr(server.storage.tokens, "access", self)

    async def __call__(self, token: str) -> Token | None:
        self.times += 1
        found = await self._real(token)
        await self.gate.wait()
        if self.fails:
            raise StorageUnavailable("not now")
        return found


async def test_who_comes_back_with_many_requests_at_once_is_looked_up_once(
    server: McpServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, bearer, token = Asked(server, monkeypatch), server.endpoint._bearer, client.token or ""
    first, *others = [asyncio.ensure_future(bearer.look_up(token)) for _ in range(50)]
    await eventually(lambda: asked.times)
    first.cancel()  # its client went away; the others' look-up goes on
    asked.gate.set()
    found = await asyncio.gather(*others)
    assert asked.times == 1
    assert first.cancelled()
    assert {principal.account_id for principal in found if principal} == {"ada"}
    assert None not in found
    assert await bearer.look_up(token) is found[0]


async def test_a_look_up_that_fails_fails_for_all_and_is_not_remembered(
    server: McpServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, bearer, token = Asked(server, monkeypatch), server.endpoint._bearer, client.token or ""
    asked.fails = True
    asked.gate.set()
    answers = await asyncio.gather(
        *(bearer.look_up(token) for _ in range(5)), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [StorageUnavailable] * 5
    asked.fails = False
    assert await bearer.look_up(token) is not None
    assert asked.times == 2


async def test_a_look_up_that_a_revocation_overtook_lets_nobody_in_behind_it(
    server: McpServer, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    token = await server.token(family="family-x")
    asked, bearer = Asked(server, monkeypatch), server.endpoint._bearer
    before = asyncio.ensure_future(bearer.look_up(token))
    await eventually(lambda: asked.times)
    await server.storage.tokens.revoke_family("family-x", "by a test", clock())
    behind = asyncio.ensure_future(bearer.look_up(token))
    await eventually(lambda: asked.times == 2)
    asked.gate.set()
    await before
    assert await behind is None
    assert await bearer.look_up(token) is None
