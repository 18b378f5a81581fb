"""A replica in a process of its own; ``test_processes`` starts and kills it.

It reads its orders as JSON from the command line, does one thing, and prints the result as JSON.
Its clock runs *ahead* seconds before real time, so that nobody has to wait for a lease to end.
"""

import asyncio
import json
import os
import signal
import sys
import time
from typing import Any

from telamon.atlassian.custody import Custody
from telamon.atlassian.oauth import AtlassianOAuth
from telamon.atlassian.transport import open_session
from telamon.plugin import SignInAgain
from telamon.settings import AtlassianSettings
from telamon.storage import KeyRing, open_storage
from telamon.tasks import Tasks


def stop(owner: object, method: str, how: signal.Signals) -> None:
    """Send *how* to this very process when *method* is about to run."""
    run = getattr(owner, method)

    async def stopping(*args: Any, **values: Any) -> Any:
        os.kill(os.getpid(), how)
        return await run(*args, **values)

    setattr(owner, method, stopping)


async def main(orders: dict[str, Any]) -> dict[str, Any]:
    ahead: float = orders["ahead"]

    def clock() -> float:
        return time.time() + ahead

    settings = AtlassianSettings.model_validate(orders["settings"])
    storage = await open_storage(orders["url"], keys=KeyRing.parse([orders["key"]]), clock=clock)
    tasks = Tasks()
    try:
        async with open_session(settings) as http:
            oauth = AtlassianOAuth(http, settings, orders["callback"])
            custody = Custody(storage, oauth, tasks, lambda _: None, clock)
            if "signal" in orders:
                places = {"refresh": oauth, "commit": storage.grants}
                stop(places[orders["at"]], orders["at"], signal.Signals[orders["signal"]])
            if orders["do"] == "sweep":
                return {"swept": await custody.sweep()}
            try:
                return {"token": await custody.access_token(orders["grant_id"])}
            except SignInAgain:
                return {"token": None}
    finally:
        await tasks.drain(20)
        await storage.close()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))))
