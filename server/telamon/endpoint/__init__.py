"""Where tools run: bearer check, transports, MCP handlers, results. Only here ``mcp`` is used."""

from telamon.endpoint.endpoint import Endpoint

__all__ = ["Endpoint"]
