"""The emulated Atlassian of a soak as a process of its own: ``python atlassian.py PORT USERS``.

Everybody in it carries a marker in name and address, so that what is one person's can be told from
what is another's wherever it turns up.
"""

import asyncio
import sys
from pathlib import Path

from aiohttp import web

sys.path.insert(0, str(Path(__file__).parents[1]))

from telamon.loader import load
from telamon.plugin import Person
from telamon.sandbox import Sandbox

CLIENT_ID, CLIENT_SECRET = "the-app", "the-secret-of-the-app"
OWNERS = 3
"""The first two and the last own what the emulated sites are seeded with, and take no part."""


def marker(number: int) -> str:
    """What everything of this user has in it."""
    return f"Marked {number:04}"


def person(number: int) -> Person:
    return Person(
        account_id=f"5b10a2844c20165700ed{number:04}",
        name=f"{marker(number)} Example",
        email=f"marked-{number:04}@example.com",
    )


async def main(port: int, users: int) -> None:
    """Serve until killed."""
    owners = [
        Person(account_id=f"owner-{n}", name=f"Owner {n}", email=f"owner-{n}@example.com")
        for n in range(OWNERS)
    ]
    sandbox = Sandbox(
        load(("confluence", "jira"), {}).products,
        public_base=f"http://localhost:{port}",
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        people=[*owners[1:], *map(person, range(users)), owners[0]],
    )
    runner = web.AppRunner(sandbox.app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "localhost", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
