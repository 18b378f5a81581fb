"""nginx, set up as config/nginx says, hands events on as they come and spreads clients in turn."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from fakes.nginx import HOST, Nginx, nginx
from fakes.ports import free_port


@dataclass
class Replica:
    """A stand-in for a server, which tells what reached it."""

    port: int = field(default_factory=free_port)
    heard: list[web.Request] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: bool = False
    hangs_up: bool = False

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.heard.append(request)
        if self.hangs_up and request.transport is not None:
            request.transport.abort()
        if self.stopping:
            return web.Response(status=503, headers={"Retry-After": "1"})
        if request.path != "/events":
            return web.Response(text="served")
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        await stream.write(b"data: first\n\n")
        await self.go_on.wait()
        await stream.write(b"data: second\n\n")
        return stream


@dataclass
class Proxy:
    """nginx, running."""

    url: str
    plain: str
    nginx: Nginx
    replicas: list[Replica]
    runners: list[web.AppRunner]
    session: aiohttp.ClientSession


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Proxy]:
    replicas = [Replica(), Replica()]
    runners = [await serve(replica) for replica in replicas]
    try:
        async with (
            nginx(tmp_path, [replica.port for replica in replicas]) as running,
            asyncio.timeout(20),
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=running.trust)) as session,
        ):
            url, plain = f"https://127.0.0.1:{running.secure}", f"http://127.0.0.1:{running.plain}"
            yield Proxy(url, plain, running, replicas, runners, session)
    finally:
        for runner in runners:
            await runner.cleanup()


async def serve(replica: Replica) -> web.AppRunner:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", replica.answer)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", replica.port).start()
    return runner


def get(proxy: Proxy, path: str) -> "aiohttp.client._RequestContextManager":
    return proxy.session.get(f"{proxy.url}{path}", headers={"Host": HOST}, server_hostname=HOST)


async def test_an_event_arrives_before_the_next_one_is_sent(proxy: Proxy) -> None:
    async with get(proxy, "/events") as response:
        assert await response.content.readuntil(b"\n\n") == b"data: first\n\n"
        for replica in proxy.replicas:
            replica.go_on.set()
        assert await response.content.readuntil(b"\n\n") == b"data: second\n\n"


async def test_clients_are_served_by_the_replicas_in_turn(proxy: Proxy) -> None:
    for _ in range(6):
        async with get(proxy, "/v1/mcp") as response:
            assert response.status == 200
    assert [len(replica.heard) for replica in proxy.replicas] == [3, 3]


async def test_the_server_is_told_the_host_and_the_caller(proxy: Proxy) -> None:
    async with get(proxy, "/v1/mcp"):
        pass
    (heard,) = (request for replica in proxy.replicas for request in replica.heard)
    assert heard.headers["Host"] == HOST
    assert heard.headers["X-Forwarded-For"] == "127.0.0.1"


async def test_what_a_stopping_replica_puts_off_is_served_by_the_other(proxy: Proxy) -> None:
    proxy.replicas[0].stopping = True
    for _ in range(4):
        async with get(proxy, "/v1/mcp") as response:
            assert response.status == 200


async def test_when_all_put_off_the_client_hears_it_and_until_when(proxy: Proxy) -> None:
    for replica in proxy.replicas:
        replica.stopping = True
    for _ in range(3):
        async with get(proxy, "/v1/mcp") as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "1")


async def test_a_code_in_a_query_is_not_in_the_log(proxy: Proxy) -> None:
    async with get(proxy, "/oauth/atlassian/callback?code=tell-nobody"):
        pass
    async with get(proxy, "/next"):
        pass  # by now the first line has been written
    written = "\n".join(proxy.nginx.log)
    assert "GET /oauth/atlassian/callback 200" in written
    assert "tell-nobody" not in written


async def test_plain_http_is_sent_to_https(proxy: Proxy) -> None:
    asked = proxy.session.get(
        f"{proxy.plain}/x?code=1", headers={"Host": HOST}, allow_redirects=False
    )
    async with asked as response:
        assert response.status == 308
        assert response.headers["Location"] == f"https://{HOST}/x"


async def test_where_nobody_answers_the_client_hears_when_to_come_back(proxy: Proxy) -> None:
    for runner in proxy.runners:
        await runner.cleanup()
    async with proxy.session.post(
        f"{proxy.url}/v1/mcp", headers={"Host": HOST}, server_hostname=HOST
    ) as response:
        assert (response.status, response.headers["Retry-After"]) == (502, "3")
        assert "unknown" in await response.text()


async def test_a_replica_that_is_not_there_is_passed_over_by_writes_too(proxy: Proxy) -> None:
    await proxy.runners[0].cleanup()
    for _ in range(4):
        async with proxy.session.post(
            f"{proxy.url}/v1/mcp", headers={"Host": HOST}, server_hostname=HOST
        ) as response:
            assert response.status == 200
    assert [len(replica.heard) for replica in proxy.replicas] == [0, 4]


async def test_a_write_that_was_sent_is_sent_to_nobody_else(proxy: Proxy) -> None:
    for replica in proxy.replicas:
        replica.hangs_up = True
    async with proxy.session.post(
        f"{proxy.url}/v1/mcp", headers={"Host": HOST}, server_hostname=HOST
    ) as response:
        assert (response.status, response.headers["Retry-After"]) == (502, "3")
    assert sum(len(replica.heard) for replica in proxy.replicas) == 1
