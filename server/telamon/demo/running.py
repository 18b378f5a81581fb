"""Run the server and the sandbox in one process, with nothing to configure."""

import secrets
import socket
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from telamon.app import Telamon, assemble
from telamon.loader import Loaded, load
from telamon.sandbox import Sandbox
from telamon.serving import listening
from telamon.settings import Settings
from telamon.storage import new_key

HOST = "localhost"
MOUNT = "/_atlassian"
PLUGINS = ("confluence", "jira")
CLIENT_ID = "telamon-demo"
CONNECTIONS = 200
"""As many as a usual limit of 1,024 descriptors leaves room for."""
LIMIT = 100_000
"""Nobody is to be protected from anybody here, and tests knock harder than people do."""


def demo_settings(
    home: str, port: int, folder: Path, changes: Mapping[str, Mapping[str, Any]]
) -> Settings:
    """Return settings for a demo that people reach at *home*, with *changes* by section."""
    sections: dict[str, dict[str, Any]] = {
        "listen": {"host": HOST, "port": port, "shutdown_seconds": 5, "connections": CONNECTIONS},
        "atlassian": {
            "client_id": CLIENT_ID,
            "client_secret": secrets.token_urlsafe(24),
            "authorization_url": home + MOUNT,
            "api_url": home + MOUNT,
            "media_hosts": ["localhost", "127.0.0.1"],
        },
        "storage": {
            "url": f"sqlite:///{folder / 'telamon.db'}",
            "encryption_keys": [new_key()],
        },
        "limits": {
            "registrations_per_minute": LIMIT,
            "authorizations_per_minute": LIMIT,
            "tokens_per_minute": LIMIT,
            "open_transactions": LIMIT,
            "calls_per_minute": LIMIT,
        },
        "clients": {"metadata_documents": False},
    }
    for name, change in changes.items():
        sections[name] = {**sections.get(name, {}), **change}
    return Settings.model_validate({"public_url": home, **sections})


def free_port() -> int:
    """Return a port that nobody listens on, on either loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@asynccontextmanager
async def demo(
    port: int,
    plugins: Collection[str] = PLUGINS,
    **changes: Mapping[str, Any],
) -> AsyncGenerator[Telamon, None]:
    """Run the demo on *port* (0 chooses one) for as long as the block lasts.

    *changes* are settings to put over the demo's own, by section: ``tokens={...}``.
    """
    port = port or free_port()
    home = f"http://{HOST}:{port}"
    loaded: Loaded = load(plugins, {})
    with TemporaryDirectory(prefix="telamon-demo-") as folder:
        settings = demo_settings(home, port, Path(folder), changes)
        sandbox = Sandbox(
            loaded.products,
            public_base=home + MOUNT,
            client_id=CLIENT_ID,
            client_secret=settings.atlassian.client_secret.get_secret_value(),
        )
        telamon = await assemble(settings, loaded)
        telamon.application.add_subapp(MOUNT, sandbox.app())
        async with listening(telamon):
            yield telamon
