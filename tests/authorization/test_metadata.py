"""The documents by which clients find us."""

import pytest
from authlib.oauth2.rfc8414 import (  # type: ignore[import-untyped]  # ships no types
    AuthorizationServerMetadata,
)
from fakes.authorization_world import ALL, ISSUER, Setup

SERVER = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"
RESOURCE = "/.well-known/oauth-protected-resource"
GOLDEN = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "revocation_endpoint": f"{ISSUER}/revoke",
    "registration_endpoint": f"{ISSUER}/register",
    "scopes_supported": list(ALL),
    "response_types_supported": ["code"],
    "response_modes_supported": ["query"],
    "grant_types_supported": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_methods_supported": [
        "none",
        "client_secret_post",
        "client_secret_basic",
    ],
    "revocation_endpoint_auth_methods_supported": [
        "none",
        "client_secret_post",
        "client_secret_basic",
    ],
    "code_challenge_methods_supported": ["S256"],
    "authorization_response_iss_parameter_supported": True,
    "client_id_metadata_document_supported": True,
    "protected_resources": [f"{ISSUER}/v1/mcp", f"{ISSUER}/v1/sse"],
}


@pytest.mark.row("SEC-M01")
@pytest.mark.row("MCP-E2")
@pytest.mark.row("MCP-E3")
@pytest.mark.row("MCP-E4")
@pytest.mark.row("MCP-E5")
@pytest.mark.row("MCP-E6")
@pytest.mark.row("MCP-E7")
@pytest.mark.row("MCP-J6")
async def test_the_servers_metadata_is_exactly_this(here: Setup) -> None:
    answer = await here.ask("GET", SERVER)
    assert answer.status == 200
    assert answer.json == GOLDEN
    assert "private_key_jwt" not in str(answer.json)
    AuthorizationServerMetadata(answer.json).validate()


@pytest.mark.row("SEC-M04")
@pytest.mark.row("MCP-E1")
@pytest.mark.parametrize(
    "path",
    [
        OPENID,
        f"{SERVER}/v1/mcp",
        f"{SERVER}/v1/sse",
        f"{OPENID}/v1/mcp",
        f"/v1/mcp{OPENID}",
        f"/v1/sse{OPENID}",
    ],
)
async def test_every_path_that_clients_try_has_the_same_document(here: Setup, path: str) -> None:
    answer = await here.ask("GET", path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json == GOLDEN


@pytest.mark.row("SEC-M03")
@pytest.mark.row("MCP-D1")
@pytest.mark.row("MCP-D2")
@pytest.mark.parametrize(
    ("path", "resource"),
    [("", "/v1/mcp"), ("/v1/mcp", "/v1/mcp"), ("/v1/sse", "/v1/sse")],
)
async def test_a_resource_is_described_as_the_url_people_paste(
    here: Setup, path: str, resource: str
) -> None:
    answer = await here.ask("GET", f"{RESOURCE}{path}")
    assert answer.status == 200
    assert answer.json == {
        "resource": f"{ISSUER}{resource}",
        "authorization_servers": [ISSUER],
        "scopes_supported": list(ALL),
        "bearer_methods_supported": ["header"],
        "resource_name": "Telamon",
    }


@pytest.mark.row("MCP-D4")
async def test_offline_access_is_never_listed(here: Setup) -> None:
    for path in (SERVER, OPENID, RESOURCE):
        assert "offline_access" not in str((await here.ask("GET", path)).json)


@pytest.mark.row("MCP-E8")
@pytest.mark.row("SEC-H04")
@pytest.mark.row("SEC-M03")
async def test_metadata_can_be_read_and_preflighted_from_any_web_page(here: Setup) -> None:
    for path in (SERVER, OPENID, RESOURCE, f"{RESOURCE}/v1/mcp"):
        answer = await here.ask("GET", path, headers={"Origin": "https://app.example.com"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in answer.headers
        preflight = await here.ask(
            "OPTIONS",
            path,
            headers={
                "Origin": "https://app.example.com",
                "Access-Control-Request-Method": "GET",
                "Access-Control-Request-Headers": "mcp-protocol-version",
            },
        )
        assert preflight.status == 204
        assert preflight.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.row("SEC-H04")
@pytest.mark.parametrize("path", ["/token", "/register", "/revoke"])
async def test_programs_in_web_pages_may_call_the_endpoints(here: Setup, path: str) -> None:
    answer = await here.ask("OPTIONS", path, headers={"Origin": "https://app.example.com"})
    assert answer.status == 204
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.row("SEC-H04")
@pytest.mark.parametrize("path", ["/authorize", "/consent", "/site", "/connections"])
async def test_no_web_page_may_call_ours(here: Setup, path: str) -> None:
    for method in ("GET", "OPTIONS"):
        answer = await here.ask(method, path, headers={"Origin": "https://evil.example.com"})
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.row("SEC-M02")
async def test_no_header_decides_an_address(here: Setup) -> None:
    forged = {"X-Forwarded-Host": "evil.example.com", "Forwarded": "host=evil.example.com"}
    answer = await here.ask("GET", SERVER, headers=forged)
    assert answer.json == GOLDEN
    refused = await here.ask("GET", SERVER, headers={"Host": "evil.example.com"})
    assert refused.status == 421
    assert "evil" not in str(refused.json)


@pytest.mark.row("MCP-E9")
async def test_every_address_is_https_and_plain(here: Setup) -> None:
    document = (await here.ask("GET", SERVER)).json
    for value in document.values():
        if isinstance(value, str):
            assert value.startswith("https://mcp.example.com")
            assert not set(value) & set("$();'\" `|&<>")


@pytest.mark.row("SEC-D12")
async def test_what_is_switched_off_is_not_advertised(serve: object) -> None:
    setup: Setup = await serve(  # type: ignore[operator]  # a fixture that makes fixtures
        clients={"dynamic_registration": False, "metadata_documents": False}
    )
    document = (await setup.ask("GET", SERVER)).json
    assert "registration_endpoint" not in document
    assert document["client_id_metadata_document_supported"] is False
    assert (await setup.ask("POST", "/register", json={})).status == 404
