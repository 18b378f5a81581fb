"""The documents by which clients find us: RFC 8414, RFC 9728, and OpenID Connect discovery's path.

Every URL in them comes from the configured public URL; no request header has a say.
"""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from telamon.addresses import Addresses
from telamon.catalog import Catalog
from telamon.settings import ClientSettings
from telamon.web.answers import encode_json
from telamon.web.cors import cors

AUTH_METHODS = ("none", "client_secret_post", "client_secret_basic")
"""How a client proves itself at the token endpoint. ``none`` comes first: nearly all are public."""
GRANT_TYPES = ("authorization_code", "refresh_token")
RESPONSE_TYPES = ("code",)

_AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server"
_OPENID = "/.well-known/openid-configuration"
_RESOURCE = "/.well-known/oauth-protected-resource"
_MINUTES = "public, max-age=300"


def authorization_server(
    addresses: Addresses, catalog: Catalog, clients: ClientSettings
) -> dict[str, Any]:
    """Return the authorization server's metadata (RFC 8414, section 2).

    ``offline_access`` is never listed: clients that see it ask for it, and refresh tokens come
    without (MCP 2026-07-28, authorization). What is switched off is absent.
    """
    issuer = addresses.issuer
    document: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "revocation_endpoint": f"{issuer}/revoke",
        "scopes_supported": list(catalog.initial()),
        "response_types_supported": list(RESPONSE_TYPES),
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": clients.metadata_documents,
        "protected_resources": [addresses.mcp, addresses.sse],
    }
    if clients.dynamic_registration:
        document["registration_endpoint"] = f"{issuer}/register"
    return document


def protected_resource(addresses: Addresses, catalog: Catalog, resource: str) -> dict[str, Any]:
    """Return the metadata of *resource*, which is exactly the URL that people paste (RFC 9728)."""
    return {
        "resource": resource,
        "authorization_servers": [addresses.issuer],
        "scopes_supported": list(catalog.initial()),
        "bearer_methods_supported": ["header"],
        "resource_name": "Telamon",
    }


def routes(
    addresses: Addresses, catalog: Catalog, clients: ClientSettings
) -> list[web.AbstractRouteDef]:
    """Return the routes of all metadata, open to every origin.

    Clients put the resource's path behind either well-known name, or in front of OpenID's.
    """
    server = authorization_server(addresses, catalog, clients)
    documents: dict[str, Mapping[str, Any]] = {
        _RESOURCE: protected_resource(addresses, catalog, addresses.mcp),
    }
    paths = {
        resource: resource.removeprefix(addresses.issuer)
        for resource in (addresses.mcp, addresses.sse)
    }
    for path in ("", *paths.values()):
        documents[f"{_AUTHORIZATION_SERVER}{path}"] = server
        documents[f"{_OPENID}{path}"] = server
        documents[f"{path}{_OPENID}"] = server
    for resource, path in paths.items():
        documents[f"{_RESOURCE}{path}"] = protected_resource(addresses, catalog, resource)
    return [*cors(_serve(path, document) for path, document in documents.items())]


def _serve(path: str, document: Mapping[str, Any]) -> web.RouteDef:
    body = encode_json(document)

    async def serve(_: web.Request) -> web.Response:
        return web.Response(
            body=body, content_type="application/json", headers={"Cache-Control": _MINUTES}
        )

    return web.get(path, serve)
