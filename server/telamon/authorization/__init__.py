"""Who we are to clients: the OAuth 2.1 authorization server and its consent pages."""

from telamon.authorization.server import AuthorizationServer, build

__all__ = ["AuthorizationServer", "build"]
