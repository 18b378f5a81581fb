"""Tell every plugin and listener what happened; none of them can disturb the others or the user."""

import inspect
from collections.abc import Awaitable, Callable

import structlog
from pluggy import PluginManager

from telamon.loader import only
from telamon.plugin.events import Event
from telamon.tasks import Tasks

Listener = Callable[[Event], Awaitable[None] | None]
log = structlog.get_logger(__name__)


class Announcer:
    """Calls the server's own listeners and each plugin's ``on_event``, one by one."""

    def __init__(self, manager: PluginManager, tasks: Tasks, *listeners: Listener) -> None:
        self._tasks = tasks
        hearing = [impl.plugin for impl in manager.hook.on_event.get_hookimpls()]
        self._listeners = [*listeners, *(_hook(manager, plugin) for plugin in hearing)]

    def __call__(self, event: Event) -> None:
        """Announce *event*; slow listeners go on in tasks of the application."""
        for listener in self._listeners:
            try:
                waiting = listener(event)
            except Exception as error:  # noqa: BLE001 - a listener's fault, logged in _failed
                _failed(listener, event, error)
                continue
            if inspect.isawaitable(waiting):
                self._tasks.start(
                    _wait(waiting, listener, event), name=f"on {type(event).__name__}"
                )


async def _wait(waiting: Awaitable[None], listener: Listener, event: Event) -> None:
    try:
        await waiting
    except Exception as error:  # noqa: BLE001 - a listener's fault, logged in _failed
        _failed(listener, event, error)


def _failed(listener: Listener, event: Event, error: Exception) -> None:
    on = type(event).__name__
    log.error("listener.failed", listener=_name(listener), on=on, exc_info=error)


def _name(listener: Listener) -> str:
    return f"{listener.__module__}.{getattr(listener, '__qualname__', type(listener).__name__)}"


def _hook(manager: PluginManager, plugin: object) -> Listener:
    caller = only(manager, plugin, "on_event")

    def hear(event: Event) -> Awaitable[None] | None:
        answers: list[Awaitable[None]] = caller(event=event)
        return answers[0] if answers else None

    hear.__qualname__ = f"{manager.get_name(plugin)}.on_event"
    return hear
