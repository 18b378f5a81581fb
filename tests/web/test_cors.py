import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from telamon.web.cors import cors, send_cors

PAGE = {"Origin": "https://app.example.com"}


def an_app() -> web.Application:
    async def ok(request: web.Request) -> web.StreamResponse:
        return web.Response(text="ok")

    async def too_large(request: web.Request) -> web.StreamResponse:
        raise web.HTTPRequestEntityTooLarge(1)

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        return response

    app = web.Application()
    app.add_routes(
        cors([web.get("/open", stream), web.post("/open", ok), web.put("/big", too_large)])
    )
    app.add_routes([web.get("/page", ok)])
    app.on_response_prepare.append(send_cors)
    return app


@pytest.mark.row("SEC-H04", "MCP-E8")
async def test_a_preflight_of_an_open_route_is_answered_without_credentials(
    aiohttp_client: AiohttpClient,
) -> None:
    client = await aiohttp_client(an_app())
    answer = await client.options("/open", headers=PAGE)
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, OPTIONS, POST"
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.row("MCP-E8", "SEC-R05")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/open", 200),
        ("GET", "/open", 200),
        ("PUT", "/big", 413),
        ("GET", "/big", 405),
    ],
    ids=["answer", "stream", "error", "method"],
)
async def test_answers_streams_and_errors_of_an_open_route_can_be_read(
    aiohttp_client: AiohttpClient, method: str, path: str, status: int
) -> None:
    client = await aiohttp_client(an_app())
    answer = await client.request(method, path, headers=PAGE)
    assert answer.status == status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    exposed = answer.headers["Access-Control-Expose-Headers"]
    assert {"WWW-Authenticate", "Mcp-Session-Id", "MCP-Protocol-Version"} <= set(
        exposed.split(", ")
    )


@pytest.mark.row("SEC-H04")
async def test_a_page_of_ours_is_closed_to_other_origins(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(an_app())
    assert (await client.options("/page", headers=PAGE)).status == 405
    answer = await client.get("/page", headers=PAGE)
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
