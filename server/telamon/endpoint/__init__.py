"""Where tools run: bearer check, transports, MCP handlers, results. Nothing else imports ``mcp``."""

from telamon.endpoint.endpoint import Endpoint

__all__ = ["Endpoint"]
