"""The start page: how to connect each client, and what to do when it does not work."""

import base64
import json
from collections.abc import Sequence
from importlib.resources import files
from urllib.parse import quote

from aiohttp import web

from telamon.addresses import Addresses
from telamon.web.pages import Pages

NAME = "telamon"
CALLBACK_PORT = 3334
"""The port of mcp-remote's callback, ``http://localhost:3334/oauth/callback``."""

MCP_REMOTE = "mcp-remote@0.15.1"
"""The version these settings were tried with."""


def landing(pages: Pages, addresses: Addresses, products: Sequence[str]) -> list[web.RouteDef]:
    """Return the routes of the start page, which names the titles of *products*."""
    page = pages.page(
        "landing",
        products=products,
        settings=client_settings(addresses),
        links=install_links(addresses),
    )
    text, headers = page.text, page.headers
    mark = _icon()

    async def start(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=text, headers=headers)

    async def icon(_request: web.Request) -> web.StreamResponse:
        return web.Response(
            body=mark,
            content_type="image/svg+xml",
            headers={
                "Cache-Control": "public, max-age=86400",
                "Content-Security-Policy": "default-src 'none'",
            },
        )

    return [web.get("/", start), web.get("/favicon.svg", icon)]


def client_settings(addresses: Addresses) -> dict[str, str]:
    """Return, by client, the command or the settings file's content to copy."""
    url = addresses.mcp
    remote = {"command": "npx", "args": ["-y", MCP_REMOTE, url, str(CALLBACK_PORT)]}
    in_code = json.dumps({"name": NAME, "type": "http", "url": url})
    return {
        "claude_code": f"claude mcp add --transport http {NAME} {url}",
        "claude_desktop": _pretty({"mcpServers": {NAME: remote}}),
        "cursor": _pretty({"mcpServers": {NAME: {"url": url}}}),
        "vscode": _pretty({"servers": {NAME: {"type": "http", "url": url}}}),
        "vscode_command": f"code --add-mcp '{in_code}'",
        "mcp_remote": f"npx -y {MCP_REMOTE} {url} {CALLBACK_PORT}",
    }


def install_links(addresses: Addresses) -> dict[str, str]:
    """Return the links by which an editor adds the server itself."""
    config = base64.b64encode(json.dumps({"url": addresses.mcp}).encode()).decode()
    return {
        "cursor": f"cursor://anysphere.cursor-deeplink/mcp/install?name={NAME}"
        f"&config={quote(config, safe='')}"
    }


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2)


def _icon() -> bytes:
    shapes = files("telamon.web").joinpath("templates", "mark.svg").read_text("utf-8")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="#3b82b8">{shapes}</svg>'
    ).encode()
