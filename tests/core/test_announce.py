import asyncio

from pluggy import PluginManager

from telamon.announce import Announcer
from telamon.plugin import Event, GrantChanged, hookimpl, hookspecs
from telamon.tasks import Tasks

EVENT = GrantChanged(account_id="a", grant_id="g", change="created")


def manager_with(*plugins: object) -> PluginManager:
    manager = PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for plugin in plugins:
        manager.register(plugin)
    return manager


class Hearing:
    def __init__(self) -> None:
        self.heard: list[Event] = []

    @hookimpl
    def on_event(self, event: Event) -> None:
        self.heard.append(event)


class Raising:
    @hookimpl
    def on_event(self, event: Event) -> None:
        raise RuntimeError(f"cannot listen to {event}")


class Slow:
    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.heard: list[Event] = []

    @hookimpl
    async def on_event(self, event: Event) -> None:
        await self.go.wait()
        self.heard.append(event)


async def test_a_raising_listener_never_silences_the_next() -> None:
    first, last = Hearing(), Hearing()
    own: list[Event] = []
    announce = Announcer(manager_with(first, Raising(), last), Tasks(), own.append)
    announce(EVENT)
    assert first.heard == last.heard == own == [EVENT]


async def test_a_slow_listener_is_not_waited_for_and_still_finishes() -> None:
    slow, tasks = Slow(), Tasks()
    Announcer(manager_with(slow), tasks)(EVENT)
    assert slow.heard == []
    slow.go.set()
    assert await tasks.drain(5) == 0
    assert slow.heard == [EVENT]


async def test_a_slow_listener_that_fails_disturbs_nobody() -> None:
    async def fail(event: Event) -> None:
        raise RuntimeError("later")

    tasks = Tasks()
    Announcer(manager_with(), tasks, fail)(EVENT)
    assert await tasks.drain(5) == 0
    assert len(tasks) == 0
