"""JWTs of every evil kind, where only our opaque tokens and client secrets are of any worth."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from fakes.serve_process import Served, Walk, served

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
HEADERS: dict[str, dict[str, Any]] = {
    "no algorithm": {"alg": "none"},
    "no algorithm, in capitals": {"alg": "NoNe"},
    "the public key as an HMAC secret": {"alg": "HS256"},
    "a key of its own": {"alg": "RS256", "jwk": {"kty": "RSA", "n": "{n}", "e": "AQAB"}},
    "an address of keys": {"alg": "RS256", "jku": "{trap}/keys"},
    "an address of a certificate": {"alg": "RS256", "x5u": "{trap}/certificate"},
    "an extension nobody knows": {"alg": "RS256", "crit": ["evil"], "evil": True},
    "a key id that is a path": {"alg": "HS256", "kid": "../../../../../../dev/null"},
    "a key id that is SQL": {"alg": "HS256", "kid": "' UNION SELECT 'x' -- "},
    "a billion rounds": {
        "alg": "PBES2-HS512+A256KW",
        "enc": "A256GCM",
        "p2c": 2**31,
        "p2s": "AAAA",
    },
    "a bomb": {"alg": "dir", "enc": "A256GCM", "zip": "DEF"},
}


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def jwt(header: Mapping[str, Any], trap: str, client_id: str, home: str) -> str:
    """Return a JWT with this header, signed as well as it can be."""
    number = KEY.public_key().public_numbers().n
    said = json.dumps({"typ": "JWT", **header}).replace("{trap}", trap)
    said = said.replace("{n}", encoded(number.to_bytes(256, "big")))
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": f"{home}/token",
        "exp": 4_000_000_000,
        "jti": "1",
        "scope": "read:jira-work",
    }
    start = f"{encoded(said.encode())}.{encoded(json.dumps(claims).encode())}"
    if "enc" in header:
        return f"{start}.{encoded(b'iv')}.{encoded(b'x' * 1000)}.{encoded(b'tag')}"
    if header["alg"] == "RS256":
        signature = KEY.sign(start.encode(), padding.PKCS1v15(), hashes.SHA256())
    elif header["alg"] == "HS256":
        key = b"" if "kid" in header else PEM
        signature = hmac.digest(key, start.encode(), sha256)
    else:
        signature = b""
    return f"{start}.{encoded(signature)}"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    changes = {
        "TELAMON_CLIENTS__METADATA_DOCUMENTS": "true",
        "TELAMON_LIMITS__TOKEN_FAILURES_PER_MINUTE": "100000",
    }
    async with served(tmp_path, changes) as server:
        await server.start()
        yield server


class Trap:
    """An address that nobody may ask; counts who does."""

    def __init__(self) -> None:
        self.came = 0
        self.url = ""

    async def __aenter__(self) -> Self:
        async def meet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.came += 1
            writer.close()

        self._server = await asyncio.start_server(meet, "localhost", 0)
        self.url = f"https://localhost:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()


async def as_bearer(walk: Walk, token: str) -> list[tuple[int, str]]:
    """Show *token* everywhere where a token is looked at."""
    seen = []
    for method, path in (("POST", "/v1/mcp"), ("GET", "/v1/mcp"), ("GET", "/v1/sse")):
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        async with walk.http.request(method, walk.home + path, headers=headers) as answer:
            seen.append((answer.status, (await answer.json())["error"]))
            assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    return seen


async def as_assertion(walk: Walk, token: str, **more: str) -> list[tuple[int, str]]:
    """Prove oneself with *token* where a client does."""
    seen = []
    told = {"client_assertion_type": ASSERTION, "client_assertion": token, **more}
    grant = {"grant_type": "refresh_token", "refresh_token": walk.state["pair"]["refresh_token"]}
    for path, fields in (("/token", grant), ("/revoke", {"token": walk.access_token})):
        async with walk.http.post(walk.home + path, data=told | fields) as answer:
            seen.append((answer.status, (await answer.json())["error"]))
            assert answer.headers["Cache-Control"] == "no-store"
    return seen


@pytest.mark.row("SEC-K02", "SEC-K03")
async def test_no_jwt_is_a_token_or_proves_a_client_and_none_makes_us_fetch(server: Served) -> None:
    ada = await server.signed_in()
    known = ada.state["client_id"]
    async with Trap() as trap:
        document = f"{trap.url}/client.json"
        for name, header in HEADERS.items():
            token = jwt(header, trap.url, document, server.home)
            assert await as_bearer(ada, token) == [(401, "invalid_token")] * 3, name
            for more in ({}, {"client_id": known}, {"client_id": document}):
                refused = [(401, "invalid_client")] * 2
                assert await as_assertion(ada, token, **more) == refused, name
        # Neither half of it is passed over.
        for half in ("client_assertion", "client_assertion_type"):
            status, said = await ada.token(
                grant_type="refresh_token",
                refresh_token=ada.state["pair"]["refresh_token"],
                **{half: "x"},
            )
            assert (status, said["error"]) == (401, "invalid_client")
        assert trap.came == 0
    # No attempt has used up or ended anything.
    assert (await ada.refreshed())[0] == 200
    assert not server.events("http.failed")


@pytest.mark.row("SEC-K02")
async def test_a_jwt_is_no_code_no_refresh_token_and_no_grant(server: Served) -> None:
    ada = await server.signed_in()
    token = jwt({"alg": "none"}, "", ada.state["client_id"], server.home)
    status, said = await ada.token(grant_type="refresh_token", refresh_token=token)
    assert (status, said["error"]) == (400, "invalid_grant")
    status, said = await ada.token(
        grant_type="authorization_code",
        code=token,
        redirect_uri="http://localhost:3334/oauth/callback",
        code_verifier="v" * 43,
    )
    assert (status, said["error"]) == (400, "invalid_grant")
    for kind in ("jwt-bearer", "token-exchange", "saml2-bearer"):
        status, said = await ada.token(
            grant_type=f"urn:ietf:params:oauth:grant-type:{kind}", assertion=token
        )
        assert (status, said["error"]) == (400, "unsupported_grant_type")


@pytest.mark.row("SEC-K03", "SEC-T36")
async def test_large_ones_are_refused_without_being_read_to_their_end(server: Served) -> None:
    ada = await server.signed_in()
    two_megabytes = f"eyJhbGciOiJub25lIn0.{'A' * 2_000_000}."
    told = {"client_assertion_type": ASSERTION, "client_assertion": two_megabytes}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/token", "/revoke"):
        body = BytesIO(urlencode(told).encode())
        async with ada.http.post(server.home + path, data=body, headers=form) as answer:
            assert answer.status == 413
    reader, writer = await asyncio.open_connection("localhost", server.port)
    writer.write(f"POST /v1/mcp HTTP/1.1\r\nHost: localhost:{server.port}\r\n".encode())
    writer.write(f"Authorization: Bearer {two_megabytes}\r\n\r\n".encode())
    async with asyncio.timeout(10):
        assert b" 400 " in await reader.readline()
        with suppress(ConnectionError):
            await reader.read()  # to the end: the connection is closed, in one way or another
    writer.transport.abort()
    text, failed = await ada.call()
    assert not failed, text
    assert two_megabytes[:1000] not in server.log
