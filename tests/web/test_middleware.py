import asyncio
import json
from collections.abc import MutableMapping
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient
from structlog.testing import capture_logs

from telamon.addresses import Addresses
from telamon.storage import StorageUnavailable
from telamon.web.body import BadForm, BadJson
from telamon.web.cors import cors
from telamon.web.middleware import REQUEST_ID, setup_web
from telamon.web.pages import Pages

LOCAL = Addresses("http://localhost:8080")
HOST = {"Host": "localhost:8080"}
BROWSER = HOST | {"Accept": "text/html,application/xhtml+xml"}
SECRET = "tlm_at_secret"


async def ok(request: web.Request) -> web.StreamResponse:
    return web.Response(text=request[REQUEST_ID])


async def fault(request: web.Request) -> web.StreamResponse:
    raise RuntimeError(f"/srv/telamon/db.py: SELECT {SECRET}")


async def busy(request: web.Request) -> web.StreamResponse:
    raise StorageUnavailable(f"postgresql://user:{SECRET}@db.internal")


async def bad(request: web.Request) -> web.StreamResponse:
    raise BadForm("the charset must be UTF-8") if "form" in request.query else BadJson("no JSON")


async def forbidden(request: web.Request) -> web.StreamResponse:
    refused = web.HTTPForbidden()
    refused.set_cookie("tlm_sid", "new", httponly=True)
    raise refused


async def late(request: web.Request) -> web.StreamResponse:
    refused = web.HTTPRequestTimeout(text="too late")
    refused.force_close()
    raise refused


async def away(request: web.Request) -> web.StreamResponse:
    raise web.HTTPSeeOther("https://app.example.com/cb?code=1")


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"begun")
    match request.query["then"]:
        case "fault":
            raise RuntimeError(SECRET)
        case "busy":
            raise StorageUnavailable
        case _:
            raise web.HTTPBadRequest


def an_app(
    addresses: Addresses = LOCAL, seen: list[tuple[str, str, int]] | None = None
) -> web.Application:
    def observe(method: str, route: str, status: int, seconds: float) -> None:
        assert seconds >= 0
        if seen is not None:
            seen.append((method, route, status))

    app = web.Application()
    setup_web(app, addresses, Pages(addresses), observe=observe if seen is not None else None)
    handlers = (ok, fault, busy, bad, forbidden, late, away, stream)
    app.add_routes([web.get(f"/{each.__name__}", each) for each in handlers])
    app.add_routes([web.get("/livez", ok), web.get("/item/{name}", ok)])
    app.add_routes(cors([web.post("/open", busy)]))
    return app


def lines(logs: list[MutableMapping[str, Any]], event: str) -> list[MutableMapping[str, Any]]:
    return [line for line in logs if line["event"] == event]


@pytest.mark.row("SEC-L07", "SEC-L02")
async def test_a_fault_is_logged_under_the_id_that_the_program_is_told(
    aiohttp_client: AiohttpClient,
) -> None:
    client = await aiohttp_client(an_app())
    with capture_logs() as logs:
        answer = await client.get("/fault", headers=HOST, params={"code": SECRET})
    said = await answer.json()
    assert answer.status == 500
    assert said["error"] == "server_error"
    assert answer.headers["X-Request-Id"] in said["error_description"]
    assert SECRET not in await answer.text()
    assert "/srv" not in await answer.text()
    (line,) = lines(logs, "http.failed")
    assert isinstance(line["exc_info"], RuntimeError)
    assert line["path"] == "/fault"


@pytest.mark.row("SEC-S13", "SEC-L07")
@pytest.mark.parametrize(
    ("path", "status"),
    [("/fault", 500), ("/busy", 503), ("/bad", 400), ("/nowhere", 404), ("/late", 408)],
)
async def test_a_browser_gets_every_error_as_a_page_with_its_headers(
    aiohttp_client: AiohttpClient, path: str, status: int
) -> None:
    client = await aiohttp_client(an_app())
    answer = await client.get(path, headers=BROWSER)
    said = await answer.text()
    assert answer.status == status
    assert answer.content_type == "text/html"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "What to do" in said
    assert SECRET not in said
    if status == 500:
        assert answer.headers["X-Request-Id"] in said


@pytest.mark.row("SEC-P01")
@pytest.mark.parametrize("headers", [HOST, BROWSER])
async def test_storage_out_of_reach_is_503_with_a_time_to_come_back(
    aiohttp_client: AiohttpClient, headers: dict[str, str]
) -> None:
    client = await aiohttp_client(an_app())
    with capture_logs() as logs:
        answer = await client.get("/busy", headers=headers)
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "3"
    assert SECRET not in await answer.text()
    assert len(lines(logs, "storage.unavailable")) == 1


@pytest.mark.row("SEC-R05", "SEC-H04")
async def test_errors_of_open_routes_can_be_read_by_web_pages(
    aiohttp_client: AiohttpClient,
) -> None:
    client = await aiohttp_client(an_app())
    answer = await client.post("/open", headers=HOST)
    assert answer.status == 503
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("query", ["?form", "?json"])
async def test_a_body_nobody_understands_is_invalid_request(
    aiohttp_client: AiohttpClient, query: str
) -> None:
    client = await aiohttp_client(an_app())
    answer = await client.get(f"/bad{query}", headers=HOST)
    assert answer.status == 400
    assert (await answer.json())["error"] == "invalid_request"


async def test_a_refusal_keeps_its_headers_and_closes_when_it_has_to(
    aiohttp_client: AiohttpClient,
) -> None:
    client = await aiohttp_client(an_app())
    wrong_method = await client.post("/ok", headers=HOST)
    assert wrong_method.status == 405
    assert wrong_method.headers["Allow"] == "GET,HEAD"
    assert (await wrong_method.json())["error"] == "invalid_request"
    forbidden = await client.get("/forbidden", headers=BROWSER)
    assert forbidden.headers["Set-Cookie"] == "tlm_sid=new; HttpOnly; Path=/"
    closed = await client.get("/late", headers=HOST)
    assert closed.status == 408
    assert closed.headers["Connection"] == "close"


@pytest.mark.row("SEC-S19", "SEC-L02")
async def test_a_redirect_leaks_nothing_and_is_not_logged_with_its_query(
    aiohttp_client: AiohttpClient,
) -> None:
    client = await aiohttp_client(an_app())
    with capture_logs() as logs:
        answer = await client.get("/away?state=s&code=c", headers=HOST, allow_redirects=False)
    assert answer.status == 303
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    (line,) = lines(logs, "http.request")
    assert (line["path"], line["status"]) == ("/away", 303)
    assert "code=c" not in json.dumps(line)


@pytest.mark.parametrize("then", ["fault", "busy", "refusal"])
async def test_a_stream_that_fails_is_cut_off_not_ended(
    aiohttp_client: AiohttpClient, then: str
) -> None:
    client = await aiohttp_client(an_app())
    answer = await client.get("/stream", headers=HOST, params={"then": then})
    assert answer.status == 200
    read = b""
    with pytest.raises(Exception, match=r"Connection|payload|closed|Not enough"):  # noqa: PT012 - one read
        async for chunk in answer.content.iter_any():
            read += chunk
    assert SECRET.encode() not in read


@pytest.mark.row("SEC-H01")
async def test_another_host_is_misdirected_except_for_the_probes(
    aiohttp_client: AiohttpClient,
) -> None:
    client = await aiohttp_client(an_app())
    assert (await client.get("/ok", headers={"Host": "evil.example.com"})).status == 421
    assert (await client.get("/livez", headers={"Host": "10.1.2.3:8080"})).status == 200


@pytest.mark.row("SEC-L07")
async def test_answers_do_not_say_what_they_were_made_with(
    aiohttp_client: AiohttpClient,
) -> None:
    client = await aiohttp_client(an_app())
    answer = await client.get("/ok", headers=HOST)
    assert "Server" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in answer.headers


async def test_on_https_browsers_are_told_to_stay_there(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(an_app(Addresses("https://mcp.example.com")))
    answer = await client.get("/ok", headers={"Host": "mcp.example.com"})
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


async def test_every_request_has_an_id_of_its_own(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(an_app())
    answers = [await client.get("/ok", headers=HOST | {"X-Request-Id": "mine"}) for _ in range(3)]
    assert len({answer.headers["X-Request-Id"] for answer in answers} - {"mine"}) == 3
    assert [await answer.text() for answer in answers] == [
        answer.headers["X-Request-Id"] for answer in answers
    ]


@pytest.mark.row("SEC-L04")
async def test_a_path_made_to_break_the_log_is_one_short_line(
    aiohttp_client: AiohttpClient,
) -> None:
    client = await aiohttp_client(an_app())
    with capture_logs() as logs:
        await client.get("/a%0A%1B[31m" + "x" * 1000, headers=HOST)
    (line,) = lines(logs, "http.request")
    assert len(line["path"]) == 200
    assert line["path"].isprintable()


@pytest.mark.parametrize(
    ("peer", "remote"), [("127.0.0.0/8", "192.0.2.7"), ("198.51.100.0/24", "127.0.0.1")]
)
async def test_the_access_log_names_the_caller_behind_a_trusted_proxy(
    aiohttp_client: AiohttpClient, peer: str, remote: str
) -> None:
    app = web.Application()
    setup_web(app, LOCAL, Pages(LOCAL), trusted_proxies=[ip_network(peer)])
    app.add_routes([web.get("/ok", ok)])
    client = await aiohttp_client(app)
    with capture_logs() as logs:
        await client.get("/ok", headers=HOST | {"X-Forwarded-For": "192.0.2.7"})
    (line,) = lines(logs, "http.request")
    assert line["remote"] == remote


@pytest.mark.row("SEC-R07", "SEC-L08")
async def test_routes_are_observed_by_their_template(aiohttp_client: AiohttpClient) -> None:
    seen: list[tuple[str, str, int]] = []
    client = await aiohttp_client(an_app(seen=seen))
    for path in ("/item/1", "/item/2", "/nowhere/3", "/fault", "/away"):
        await client.get(path, headers=HOST, allow_redirects=False)
    assert seen == [
        ("GET", "/item/{name}", 200),
        ("GET", "/item/{name}", 200),
        ("GET", "unmatched", 404),
        ("GET", "/fault", 500),
        ("GET", "/away", 303),
    ]


async def test_a_client_that_has_gone_is_not_a_fault(aiohttp_client: AiohttpClient) -> None:
    seen: list[tuple[str, str, int]] = []
    app = an_app(seen=seen)
    gone = asyncio.Event()

    async def wait(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        gone.set()
        raise ConnectionResetError

    app.router.add_get("/wait", wait)
    client = await aiohttp_client(app)
    with capture_logs() as logs, pytest.raises(Exception, match=r"disconnected|reset"):
        await client.get("/wait", headers=HOST)
    await gone.wait()
    assert lines(logs, "http.failed") == []
    assert seen == [("GET", "/wait", 499)]
