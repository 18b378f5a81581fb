"""The fingerprints of everything a client is told about tools, in ``fingerprints.json``.

A change is a decision: ``python tests/faults/fingerprints.py --write`` makes them anew, and the
diff of the file then names the tools whose name, title, description, schemas or hints changed.
"""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp

from telamon.demo.clients import StatelessClient
from telamon.demo.journey import Journey
from telamon.demo.running import demo

PINNED = Path(__file__).with_name("fingerprints.json")
EVERYTHING = {"access": ["read", "write", "delete", "manage"]}
LISTS = {
    "tools/list": "tools",
    "prompts/list": "prompts",
    "resources/templates/list": "resourceTemplates",
}


async def signed_in(http: aiohttp.ClientSession, home: str, person: str = "Ada") -> StatelessClient:
    """Sign in, and return a client that is told of every tool."""
    journey = Journey(http=http, home=home, say=lambda _step, _outcome: None, person=person)
    await journey.discover()
    await journey.register()
    await journey.sign_in()
    await journey.redeem()
    url = f"{journey.state['resource']}?tools=all"
    return StatelessClient(http, url, journey.state["pair"]["access_token"])


@asynccontextmanager
async def everything() -> AsyncGenerator[str, None]:
    """Serve all that there is; yields the address."""
    async with demo(0, policy=EVERYTHING) as telamon:
        yield telamon.settings.public_url


def browser() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


async def told(client: StatelessClient) -> dict[str, Any]:
    """Return all that the server says about what it offers, by kind and name."""
    said: dict[str, Any] = {}
    for method, member in LISTS.items():
        cursor: dict[str, Any] = {}
        while True:
            answer = await client.call(method, cursor)
            said |= {f"{member} {each['name']}": each for each in answer[member]}
            if not answer.get("nextCursor"):
                break
            cursor = {"cursor": answer["nextCursor"]}
    return said


def fingerprint(entry: Mapping[str, Any]) -> str:
    """Return what changes when anything in *entry* does."""
    return sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()[:32]


def pinned() -> dict[str, str]:
    """Return the fingerprints as they were last decided."""
    found: dict[str, str] = json.loads(PINNED.read_text())
    return found


async def main() -> None:
    """Write the file anew."""
    async with everything() as home, browser() as http:
        said = await told(await signed_in(http, home))
    prints = {name: fingerprint(entry) for name, entry in sorted(said.items())}
    PINNED.write_text(json.dumps(prints, indent=1) + "\n")


if __name__ == "__main__":
    if "--write" not in sys.argv[1:]:
        sys.exit(__doc__)
    asyncio.run(main())
