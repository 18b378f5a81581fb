"""What holds before an operator has set anything."""

import tomllib
from ipaddress import ip_address
from pathlib import Path

import pytest

from telamon.settings import ListenSettings

EXAMPLE = Path(__file__).parents[2] / "config" / "example.toml"


@pytest.mark.row("MCP-A2", "MCP-B3", "MCP-C3", "SEC-H06")
def test_out_of_the_box_every_listener_is_on_loopback() -> None:
    example = tomllib.loads(EXAMPLE.read_text())["listen"]
    for listen in (ListenSettings(), ListenSettings.model_validate(example)):
        assert ip_address(listen.host).is_loopback
        assert ip_address(listen.metrics_host).is_loopback
        assert listen.trusted_proxies == ()
