"""The ``resource`` parameter."""

import pytest

from telamon.addresses import Addresses
from telamon.authorization.resources import is_ours

OURS = Addresses("https://mcp.example.com")


@pytest.mark.row("MCP-H3")
@pytest.mark.parametrize(
    "resource",
    [
        "https://mcp.example.com/v1/mcp",
        "https://mcp.example.com/v1/mcp/",
        "https://mcp.example.com/v1/sse",
        "https://mcp.example.com",
        "https://mcp.example.com/",
        "https://mcp.example.com:443/v1/mcp",
        "HTTPS://MCP.Example.com/v1/mcp",
    ],
)
def test_our_addresses_are_ours_however_they_are_spelt(resource: str) -> None:
    assert is_ours(resource, OURS)


@pytest.mark.row("SEC-A18")
@pytest.mark.parametrize(
    "resource",
    [
        "",
        "/v1/mcp",
        "mcp.example.com/v1/mcp",
        "http://mcp.example.com/v1/mcp",
        "https://mcp.example.com/v1/mcp#x",
        "https://mcp.example.com/v1/mcp?x=1",
        "https://mcp.example.com/v1/MCP",
        "https://mcp.example.com/v1/mcp//",
        "https://mcp.example.com:0/v1/mcp",
        "https://mcp.example.com/v1",
        "https://mcp.example.com:8443/v1/mcp",
        "https://mcp.example.com:99999/v1/mcp",
        "https://user@mcp.example.com/v1/mcp",
        "https://tenant1.atlassian.net/",
        "https://mcp.example.com.evil.example.net/v1/mcp",
        "https://mcp.example.com\\@evil.example.net/v1/mcp",
        "https://mcp.example.com/v1/mcp\n",
        "https://[::1/v1/mcp",
        "https://",
        "https://mcp.éxample.com/v1/mcp",
    ],
)
def test_anything_else_is_not_ours(resource: str) -> None:
    assert not is_ours(resource, OURS)
