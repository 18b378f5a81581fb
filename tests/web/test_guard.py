import json

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from telamon.addresses import Addresses
from telamon.web.guard import check_host, check_origin

OURS = Addresses("https://mcp.example.com")
LOCAL = Addresses("http://localhost:8080")
ALLOWED = ("https://ok.example.com",)


def a_request(*headers: tuple[str, str]) -> web.Request:
    return make_mocked_request("POST", "/v1/mcp", headers=CIMultiDict(headers))


@pytest.mark.parametrize(
    ("addresses", "host"),
    [
        (OURS, "mcp.example.com"),
        (OURS, "MCP.example.com"),
        (OURS, "mcp.example.com:443"),
        (LOCAL, "localhost:8080"),
        (LOCAL, "127.0.0.1:8080"),
        (LOCAL, "[::1]:8080"),
        (Addresses("http://[::1]"), "localhost"),
        (Addresses("https://mcp.example.com:8443"), "mcp.example.com:8443"),
    ],
)
def test_our_own_host_is_let_through(addresses: Addresses, host: str) -> None:
    assert check_host(a_request(("Host", host)), addresses) is None


@pytest.mark.row("SEC-H01")
@pytest.mark.parametrize(
    ("addresses", "hosts"),
    [
        (OURS, ["evil.example.com"]),
        (OURS, []),
        (OURS, [""]),
        (OURS, ["mcp.example.com", "evil.example.com"]),
        (OURS, ["mcp.example.com.evil.example.com"]),
        (OURS, ["mcp.example.com:80"]),
        (LOCAL, ["localhost:1.evil.example.com"]),
        (LOCAL, ["localhost"]),
        (LOCAL, ["localhost:8081"]),
    ],
)
def test_any_other_host_is_misdirected(addresses: Addresses, hosts: list[str]) -> None:
    refused = check_host(a_request(*(("Host", host) for host in hosts)), addresses)
    assert refused is not None
    assert refused.status == 421


@pytest.mark.parametrize(
    ("addresses", "origin"),
    [
        (OURS, None),
        (OURS, "https://mcp.example.com"),
        (OURS, "https://ok.example.com"),
        (LOCAL, "http://127.0.0.1:8080"),
    ],
)
def test_no_origin_our_own_and_allowed_ones_are_let_through(
    addresses: Addresses, origin: str | None
) -> None:
    headers = [("Origin", origin)] if origin is not None else []
    assert check_origin(a_request(*headers), addresses, ALLOWED) is None


@pytest.mark.row("SEC-H02", "SEC-H03", "MCP-B2")
@pytest.mark.parametrize(
    "origins",
    [
        ["https://evil.example.com"],
        ["null"],
        [""],
        ["https://ok.example.com.evil.example.com"],
        ["https://ok.example.com:8443"],
        ["http://mcp.example.com"],
        ["https://ok.example.com", "https://evil.example.com"],
    ],
)
def test_any_other_origin_gets_a_json_rpc_error_without_id(origins: list[str]) -> None:
    refused = check_origin(a_request(*(("Origin", each) for each in origins)), OURS, ALLOWED)
    assert refused is not None
    assert refused.status == 403
    said = json.loads(refused.text or "")
    assert said["jsonrpc"] == "2.0"
    assert "id" not in said
    assert said["error"]["code"] == -32600
