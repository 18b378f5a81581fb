"""Debian's nginx as a process, set up as config/nginx says, in front of ports of this machine."""

import asyncio
import re
import shutil
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fakes.ports import free_port

CONF = Path(__file__).parents[2] / "config" / "nginx" / "telamon.conf"
HOST = "mcp.example.com"
_PATH = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"


@dataclass(frozen=True, kw_only=True)
class Nginx:
    """Where a running nginx listens, and what it writes down."""

    directory: Path
    secure: int
    plain: int

    @property
    def certificate(self) -> Path:
        return self.directory / f"{HOST}.pem"

    @property
    def trust(self) -> ssl.SSLContext:
        """Trusts the certificate, which is for ``mcp.example.com`` and ``localhost``."""
        return ssl.create_default_context(cafile=str(self.certificate))

    @property
    def log(self) -> list[str]:
        return (self.directory / "telamon.log").read_text().splitlines()


@asynccontextmanager
async def nginx(directory: Path, ports: Sequence[int]) -> AsyncGenerator[Nginx, None]:
    """Run it in front of two *ports*; where there is no nginx the test is skipped."""
    program = shutil.which("nginx", path=_PATH)
    if program is None:
        pytest.skip("there is no nginx here")
    made = Nginx(directory=directory, secure=free_port(), plain=free_port())
    _certify(directory)
    (directory / "telamon.conf").write_text(_adapted(made, ports))
    (directory / "nginx.conf").write_text(
        f"daemon off; pid {directory}/pid; error_log {directory}/error.log warn;\n"
        "events {}\n"
        "http {\n"
        + "".join(
            f"{kind}_temp_path {directory}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + f"include {directory}/telamon.conf;\n}}\n"
    )
    command = [program, "-e", str(directory / "error.log"), "-c", str(directory / "nginx.conf")]
    trial = await asyncio.create_subprocess_exec(*command, "-t", stderr=asyncio.subprocess.PIPE)
    said = (await trial.communicate())[1].decode()
    assert trial.returncode == 0, said
    assert "[warn]" not in said
    running = await asyncio.create_subprocess_exec(*command)
    try:
        async with asyncio.timeout(20):
            await _answering(made.secure)
        yield made
    finally:
        running.terminate()
        await running.wait()


def _adapted(made: Nginx, ports: Sequence[int]) -> str:
    """Return the file with the ports, the paths and the second replica of this test."""
    first, second = ports
    text = CONF.read_text()
    text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)
    text = text.replace("listen 443", f"listen 127.0.0.1:{made.secure}")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{made.plain};")
    text = text.replace("127.0.0.1:8080 ", f"127.0.0.1:{first} ")
    text = text.replace("# server 127.0.0.1:8081 ", f"server 127.0.0.1:{second} ")
    text = text.replace("/etc/ssl/", f"{made.directory}/")
    return text.replace("/var/log/nginx/", f"{made.directory}/")


def _certify(directory: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    names = [x509.DNSName(HOST), x509.DNSName("localhost")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (directory / f"{HOST}.pem").write_bytes(certificate.public_bytes(pem))
    (directory / f"{HOST}.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


async def _answering(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
