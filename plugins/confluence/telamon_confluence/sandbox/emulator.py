"""The emulated Confluence: its sites' states and all its operations."""

from collections.abc import Sequence

from telamon.plugin import Operation, SandboxRequest, SandboxResponse, World
from telamon_confluence.sandbox import (
    comments,
    folders,
    people,
    rights,
    search,
    spaces,
    tasks,
    templates,
    trees,
)
from telamon_confluence.sandbox.attachments import Attachments
from telamon_confluence.sandbox.content_reads import ContentReads
from telamon_confluence.sandbox.content_writes import ContentWrites
from telamon_confluence.sandbox.history import History
from telamon_confluence.sandbox.moving import Moving
from telamon_confluence.sandbox.replies import invalid, refused_v2
from telamon_confluence.sandbox.seed import seeded
from telamon_confluence.sandbox.site import SiteState


class ConfluenceEmulator:
    """Confluence's REST API over one world; see :class:`telamon.plugin.Emulator`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sites = seeded(world)
        self._operations: tuple[Operation, ...] = (
            *spaces.operations(self.site),
            *ContentReads(self.site).operations(),
            *ContentWrites(self.site).operations(),
            *trees.operations(self.site),
            *History(self.site).operations(),
            *tasks.operations(self.site),
            *Attachments(self.site).operations(),
            *folders.operations(self.site),
            *templates.operations(self.site),
            *comments.Comments(self.site).operations(),
            *people.operations(self.site),
            *rights.operations(self.site),
            *Moving(self.site).operations(),
            *search.operations(self.site),
        )

    @property
    def operations(self) -> Sequence[Operation]:
        """Every operation that it answers."""
        return self._operations

    def reset(self) -> None:
        """Go back to the first day's data."""
        self._sites = seeded(self._world)

    def unreadable(self, problem: str) -> SandboxResponse:
        """Answer 400 in Confluence's error form."""
        return refused_v2(invalid(problem))

    def site(self, request: SandboxRequest) -> SiteState:
        """Return the state of the site that a request is about."""
        return self._sites[request.site.cloud_id]
