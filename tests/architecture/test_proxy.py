"""nginx, set up as config/nginx says, hands events on as they come and spreads clients in turn."""

import asyncio
import re
import shutil
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CONF = Path(__file__).parents[2] / "config" / "nginx" / "telamon.conf"
HOST = "mcp.example.com"


@dataclass
class Replica:
    """A stand-in for a server, which tells what reached it."""

    port: int = field(default_factory=unused_port)
    heard: list[web.Request] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: bool = False

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.heard.append(request)
        if self.stopping:
            return web.Response(status=503, headers={"Retry-After": "1"})
        if request.path != "/events":
            return web.Response(text="served")
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        await stream.write(b"data: first\n\n")
        await self.go_on.wait()
        await stream.write(b"data: second\n\n")
        return stream


@dataclass
class Proxy:
    """nginx, running."""

    url: str
    plain: str
    directory: Path
    replicas: list[Replica]
    session: aiohttp.ClientSession


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Proxy]:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if nginx is None:
        pytest.skip("there is no nginx here")
    replicas = [Replica(), Replica()]
    runners = [await serve(replica) for replica in replicas]
    secure, plain = unused_port(), unused_port()
    certify(tmp_path)
    (tmp_path / "telamon.conf").write_text(adapted(tmp_path, replicas, secure, plain))
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log warn;\n"
        "events {}\n"
        "http {\n"
        + "".join(
            f"{kind}_temp_path {tmp_path}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + f"include {tmp_path}/telamon.conf;\n}}\n"
    )
    command = [nginx, "-e", str(tmp_path / "error.log"), "-c", str(tmp_path / "nginx.conf")]
    trial = await asyncio.create_subprocess_exec(*command, "-t", stderr=asyncio.subprocess.PIPE)
    said = (await trial.communicate())[1].decode()
    assert trial.returncode == 0, said
    assert "[warn]" not in said
    running = await asyncio.create_subprocess_exec(*command)
    connector = aiohttp.TCPConnector(ssl=trusting(tmp_path))
    try:
        async with asyncio.timeout(20), aiohttp.ClientSession(connector=connector) as session:
            await answering(secure)
            url = f"https://127.0.0.1:{secure}"
            yield Proxy(url, f"http://127.0.0.1:{plain}", tmp_path, replicas, session)
    finally:
        running.terminate()
        await running.wait()
        for runner in runners:
            await runner.cleanup()


async def serve(replica: Replica) -> web.AppRunner:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", replica.answer)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", replica.port).start()
    return runner


def adapted(directory: Path, replicas: list[Replica], secure: int, plain: int) -> str:
    """Return the file with the ports, the paths and the second replica of this test."""
    text = CONF.read_text()
    text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)
    text = text.replace("listen 443", f"listen 127.0.0.1:{secure}")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{plain};")
    text = text.replace("127.0.0.1:8080 ", f"127.0.0.1:{replicas[0].port} ")
    text = text.replace("# server 127.0.0.1:8081 ", f"server 127.0.0.1:{replicas[1].port} ")
    text = text.replace("/etc/ssl/", f"{directory}/")
    return text.replace("/var/log/nginx/", f"{directory}/")


def certify(directory: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (directory / f"{HOST}.pem").write_bytes(certificate.public_bytes(pem))
    (directory / f"{HOST}.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def trusting(directory: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(directory / f"{HOST}.pem"))


async def answering(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return


def get(proxy: Proxy, path: str) -> "aiohttp.client._RequestContextManager":
    return proxy.session.get(f"{proxy.url}{path}", headers={"Host": HOST}, server_hostname=HOST)


async def test_an_event_arrives_before_the_next_one_is_sent(proxy: Proxy) -> None:
    async with get(proxy, "/events") as response:
        assert await response.content.readuntil(b"\n\n") == b"data: first\n\n"
        for replica in proxy.replicas:
            replica.go_on.set()
        assert await response.content.readuntil(b"\n\n") == b"data: second\n\n"


async def test_clients_are_served_by_the_replicas_in_turn(proxy: Proxy) -> None:
    for _ in range(6):
        async with get(proxy, "/v1/mcp") as response:
            assert response.status == 200
    assert [len(replica.heard) for replica in proxy.replicas] == [3, 3]


async def test_the_server_is_told_the_host_and_the_caller(proxy: Proxy) -> None:
    async with get(proxy, "/v1/mcp"):
        pass
    (heard,) = (request for replica in proxy.replicas for request in replica.heard)
    assert heard.headers["Host"] == HOST
    assert heard.headers["X-Forwarded-For"] == "127.0.0.1"


async def test_what_a_stopping_replica_puts_off_is_served_by_the_other(proxy: Proxy) -> None:
    proxy.replicas[0].stopping = True
    for _ in range(4):
        async with get(proxy, "/v1/mcp") as response:
            assert response.status == 200


async def test_when_all_put_off_the_client_hears_it_and_until_when(proxy: Proxy) -> None:
    for replica in proxy.replicas:
        replica.stopping = True
    for _ in range(3):
        async with get(proxy, "/v1/mcp") as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "1")


async def test_a_code_in_a_query_is_not_in_the_log(proxy: Proxy) -> None:
    async with get(proxy, "/oauth/atlassian/callback?code=tell-nobody"):
        pass
    async with get(proxy, "/next"):
        pass  # by now the first line has been written
    written = (proxy.directory / "telamon.log").read_text()
    assert "GET /oauth/atlassian/callback 200" in written
    assert "tell-nobody" not in written


async def test_plain_http_is_sent_to_https(proxy: Proxy) -> None:
    asked = proxy.session.get(
        f"{proxy.plain}/x?code=1", headers={"Host": HOST}, allow_redirects=False
    )
    async with asked as response:
        assert response.status == 308
        assert response.headers["Location"] == f"https://{HOST}/x"
