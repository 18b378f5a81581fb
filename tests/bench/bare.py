"""What Telamon is measured against: a bare aiohttp proxy, and a bare aiohttp SSE stream.

Run as a process: ``python bare.py PORT UPSTREAM_PORT``.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator

import aiohttp
from aiohttp import web

SESSION = web.AppKey("session", aiohttp.ClientSession)
UPSTREAM = web.AppKey("upstream", str)


async def proxy(request: web.Request) -> web.Response:
    """Fetch what the path names from the upstream, or its issue, and hand it on."""
    await request.read()
    path = request.path.removeprefix("/") or "rest/api/3/issue/DEMO-1"
    async with request.app[SESSION].get(request.app[UPSTREAM] + path) as answer:
        return web.Response(body=await answer.read(), content_type="application/json")


async def idle(request: web.Request) -> web.StreamResponse:
    """Keep a stream open that says something every quarter of a minute."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(b": open\n\n")
    while True:
        await asyncio.sleep(15)
        await response.write(b": ping\n\n")


async def session(app: web.Application) -> AsyncGenerator[None, None]:
    """Pool connections to the upstream."""
    app[SESSION] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=512))
    yield
    await app[SESSION].close()


def main(port: int, upstream: int) -> None:
    """Serve until killed."""
    app = web.Application()
    app[UPSTREAM] = f"http://127.0.0.1:{upstream}/ex/jira/1/"
    app.cleanup_ctx.append(session)
    app.add_routes([web.post("/{path:.*}", proxy), web.get("/idle", idle)])
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, backlog=4096)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
