"""What can be made to go wrong, or to go differently, and the clock that time is scaled with."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from telamon.clock import Clock

Place = Literal["api", "token", "identity", "media"]
"""``api`` is the products' REST API, ``identity`` is ``/me`` and ``accessible-resources``."""
Reason = Literal[
    "jira-quota-global-based",
    "jira-quota-tenant-based",
    "jira-burst-based",
    "jira-per-issue-on-write",
    "confluence-quota-global-based",
    "confluence-quota-tenant-based",
]


class Fault(BaseModel):
    """One thing that goes wrong *count* times.

    Kinds: ``rate_limit`` (429 with *reason*, *retry_after*), ``status`` (*status* with *body*),
    ``html`` (a log-in page with *status*), ``truncated`` (JSON that ends too early), ``reset`` (the
    connection breaks), ``half_open`` (no answer, ever), ``redirect`` (to *location*), ``large`` (a
    JSON body of *size* bytes). With *processed* the request is carried out first, and only its
    answer gets lost.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal[
        "rate_limit", "status", "html", "truncated", "reset", "half_open", "redirect", "large"
    ]
    on: Place = "api"
    count: Annotated[int, Field(ge=1)] = 1
    processed: bool = False
    status: Annotated[int, Field(ge=200, le=599)] = 503
    body: Any = None
    reason: Reason = "jira-burst-based"
    retry_after: str | None = "1"
    location: str = "https://elsewhere.example.com/"
    size: Annotated[int, Field(ge=2)] = 2


class Switches(BaseModel):
    """Everything that ``POST /_sandbox/switches`` may set; what is not named stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    latency_ms: Annotated[int, Field(ge=0, le=600_000)] = 0
    faults: tuple[Fault, ...] = ()
    access_token_seconds: Annotated[int, Field(ge=1)] = 3600
    rotation: bool = True
    """Without it a refresh gives no new refresh token, and the old one stays good."""
    leeway_seconds: Annotated[float, Field(ge=0)] = 600
    """How long a used refresh token is accepted again; after it, its reuse ends the family."""
    clock_scale: Annotated[float, Field(gt=0)] = 1
    """How many seconds pass here in one."""
    withhold_scopes: tuple[str, ...] = ()
    """Not granted, whatever is asked and approved."""
    removed_sites: tuple[str, ...] = ()
    """Cloud ids that no grant reaches any more."""
    deny_sign_in: bool = False
    later_consent_ends_earlier: bool = False
    """A new consent of the same account also ends the refresh tokens of the one before."""
    token_answer: Mapping[str, Any] = Field(default_factory=dict[str, Any])
    """Laid over the token endpoint's answer; ``null`` removes a member."""
    redirect_downloads: bool = True
    """Files come by a redirect to the media host, unless asked with ``redirect=false``."""


class Board:
    """Holds the switches as they stand now."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._origin = (clock(), clock())
        self.now = Switches()

    def time(self) -> float:
        """Return the sandbox's own time: the clock's, scaled since the scale was last set."""
        real, own = self._origin
        return own + (self._clock() - real) * self.now.clock_scale

    def set(self, values: Mapping[str, Any]) -> None:
        """Change some switches.

        Raises:
            pydantic.ValidationError: A name or value is not known; nothing was changed.
        """
        changed = Switches.model_validate({**self.now.model_dump(), **values})
        self._origin = (self._clock(), self.time())
        self.now = changed

    def reset(self) -> None:
        """Set everything back; time goes on from where it is."""
        self._origin = (self._clock(), self.time())
        self.now = Switches()

    def take(self, place: Place) -> Fault | None:
        """Return the first fault that is due at *place*, and count it down."""
        for index, fault in enumerate(self.now.faults):
            if fault.on == place:
                left = (
                    (fault.model_copy(update={"count": fault.count - 1}),)
                    if fault.count > 1
                    else ()
                )
                others = self.now.faults
                self.now = self.now.model_copy(
                    update={"faults": (*others[:index], *left, *others[index + 1 :])}
                )
                return fault
        return None
