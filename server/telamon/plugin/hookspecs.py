"""The hooks a plugin may implement: declare a product, hear an event."""

from collections.abc import Awaitable

from pluggy import HookimplMarker, HookspecMarker

from telamon.plugin.events import Event
from telamon.plugin.product import AnyProduct

PROJECT = "telamon"

hookspec = HookspecMarker(PROJECT)
hookimpl = HookimplMarker(PROJECT)


@hookspec
def register_product() -> AnyProduct:  # type: ignore[empty-body]  # a specification has no body
    """Declare one Atlassian product. Called once, at start-up; must do no I/O."""


@hookspec
def on_event(event: Event) -> Awaitable[None] | None:
    """Hear that *event* happened. A failure here is logged and never reaches the user."""
