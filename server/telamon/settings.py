"""What an operator sets: one TOML file, overridden by the environment, secrets from files.

``TELAMON_ATLASSIAN__CLIENT_SECRET=…`` sets ``client_secret`` of ``[atlassian]``; with ``_FILE``
behind any name the value is read from that file. Every fault is reported at once.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import NoDecode

from telamon.addresses import check_public_url
from telamon.plugin import Access
from telamon.spelling import (
    AccountId,
    BaseUrl,
    ClientId,
    ContainerKey,
    HostName,
    Listening,
    Network,
    Origin,
    Scheme,
    Secret,
    Shown,
)

PREFIX = "TELAMON_"
Seconds = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A table of the file: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ListenSettings(Section):
    """``[listen]``: where the process listens. TLS ends at the proxy in front of it."""

    host: Listening = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """A second listener for ``/metrics``; none without it."""
    metrics_host: Listening = "127.0.0.1"
    trusted_proxies: tuple[Network, ...] = ()
    """Peers whose ``X-Forwarded-For`` is believed."""
    allowed_origins: tuple[Origin, ...] = ()
    """Browser origins besides our own that may call the MCP endpoint."""
    keepalive_seconds: Seconds = 30
    """How long a connection may be silent, or dawdle over a request's headers (SECURITY R03)."""
    connections: Count = 20_000
    """Open at once; fewer where the process may not have as many descriptors (SECURITY R06)."""
    shutdown_seconds: Seconds = 20


class AtlassianSettings(Section):
    """``[atlassian]``: the operator's own OAuth 2.0 (3LO) app."""

    client_id: ClientId
    client_secret: Secret
    previous_client_secret: Secret | None = None
    """Tried when Atlassian refuses the first one, so that a rotation has no outage."""
    authorization_url: BaseUrl = "https://auth.atlassian.com"
    api_url: BaseUrl = "https://api.atlassian.com"
    media_hosts: tuple[HostName, ...] = ("api.media.atlassian.com", "media.atlassian.com")
    """Where an attachment may be redirected to; subdomains count."""
    send_pkce: bool = False
    """Send a PKCE challenge to Atlassian too; undocumented there, so off."""
    trust_env: bool = False
    """Reach Atlassian through the proxy that ``HTTPS_PROXY`` and ``NO_PROXY`` name."""
    allowed_sites: tuple[HostName, ...] = ()
    """Host names of the only sites that may be chosen; any without it."""
    allowed_email_domains: tuple[HostName, ...] = ()
    """Domains of the only accounts that may sign in; any without it."""


class StorageSettings(Section):
    """``[storage]``: SQLite for one process, PostgreSQL for several."""

    url: SecretStr = SecretStr("sqlite:///data/telamon.db")
    encryption_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(min_length=1)
    """``id:base64`` each, newest first: the first encrypts, all decrypt. ``telamon keys new``."""
    migrate: bool = True
    """Bring the schema up to date at start; without it run ``telamon migrate`` first."""

    @field_validator("encryption_keys", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


class ConfiguredClient(Section):
    """``[[clients.configured]]``: a client that the operator registers by hand."""

    client_id: ClientId
    name: Shown
    redirect_uris: tuple[str, ...] = Field(min_length=1)
    client_secret: Secret | None = None


class ClientSettings(Section):
    """``[clients]``: which MCP clients may ask people for access."""

    dynamic_registration: bool = True
    metadata_documents: bool = True
    """Accept client-ID metadata documents; needs egress to the clients' hosts."""
    metadata_document_hosts: tuple[HostName, ...] = ()
    """The only hosts whose documents are fetched; any without it."""
    redirect_hosts: tuple[HostName, ...] = ()
    """The only https hosts a code may be sent to; any without it. Loopback is always allowed."""
    custom_schemes: tuple[Scheme, ...] = ("cursor", "vscode", "vscode-insiders")
    """Private-use URI schemes a code may be sent to (RFC 8252, section 7.1)."""
    configured: tuple[ConfiguredClient, ...] = ()


class TokenSettings(Section):
    """``[tokens]``: how long what we issue lives, in seconds."""

    access_seconds: int = Field(default=3600, ge=60, le=86_400)
    refresh_idle_seconds: int = Field(default=30 * 86_400, ge=3600)
    refresh_absolute_seconds: int = Field(default=90 * 86_400, ge=3600)
    refresh_grace_seconds: int = Field(default=45, ge=0, le=60)
    code_seconds: int = Field(default=60, ge=10, le=600)
    transaction_seconds: int = Field(default=900, ge=60, le=900)
    browser_idle_seconds: int = Field(default=1800, ge=60)
    browser_absolute_seconds: int = Field(default=8 * 3600, ge=60)


class LimitSettings(Section):
    """``[limits]``: what one caller may use up."""

    registrations_per_minute: Count = 10
    authorizations_per_minute: Count = 60
    tokens_per_minute: Count = 60
    token_failures_per_minute: Count = 10
    open_transactions: Count = 20
    """Per client and address."""
    clients: Count = 10_000
    """Registered clients alive at once."""
    calls_per_minute: Count = 120
    concurrent_calls: Count = 10
    sessions_per_user: Count = 20
    streams_per_user: Count = 16
    streams: Count = 10_000
    session_idle_seconds: Seconds = 1800
    request_bytes: Count = 4 * 1024 * 1024
    body_seconds: Seconds = 15
    result_bytes: Count = 1024 * 1024
    """Text of one tool result; what is over it is cut and said so."""
    upstream_bytes: Count = 10 * 1024 * 1024
    retry_budget_seconds: Seconds = 20
    """How long a call may wait for Atlassian's limit to pass."""


class ProductPolicy(Section):
    """``[policy.products.<name>]``: what of one product is offered; None leaves it as it was."""

    access: tuple[Access, ...] | None = None
    only_in: tuple[ContainerKey, ...] | None = None
    """Keys of the only Jira projects, or Confluence spaces, that are reached; empty: any."""


class PolicyRule(Section):
    """``[[policy.rules]]``: other values for some sites or people; None leaves one as it was.

    Every condition that is named has to hold; a rule without one would hold for everybody.
    """

    sites: tuple[HostName, ...] = ()
    accounts: tuple[AccountId, ...] = ()
    """Atlassian account ids."""
    email_domains: tuple[HostName, ...] = ()
    read_only: bool | None = None
    access: tuple[Access, ...] | None = None
    deny_tools: tuple[str, ...] | None = None
    allow_tools: tuple[str, ...] | None = None
    confirm_deletes: bool | None = None
    products: Mapping[str, ProductPolicy] = Field(default_factory=dict[str, ProductPolicy])

    @model_validator(mode="after")
    def _named(self) -> "PolicyRule":
        if not (self.sites or self.accounts or self.email_domains):
            raise ValueError("names neither sites nor accounts nor email_domains")
        return self


class PolicySettings(Section):
    """``[policy]``: what the deployment offers, whatever a user may do in Atlassian."""

    read_only: bool = False
    access: tuple[Access, ...] = ("read", "write")
    deny_tools: tuple[str, ...] = ()
    allow_tools: tuple[str, ...] = ()
    """The only tools offered; all without it."""
    confirm_deletes: bool = False
    """Ask the user, through the client, before anything is deleted."""
    products: Mapping[str, ProductPolicy] = Field(default_factory=dict[str, ProductPolicy])
    rules: tuple[PolicyRule, ...] = ()
    """In their order; of those that hold for somebody the last one that names a value decides."""


class PluginSettings(BaseModel):
    """``[plugins]``: which are enabled; each one's own table is checked against its own model."""

    model_config = ConfigDict(frozen=True, extra="allow")

    enabled: tuple[str, ...] = ("jira", "confluence")

    @property
    def sections(self) -> dict[str, Any]:
        """The tables ``[plugins.<name>]``, as they stand in the file."""
        return dict(self.model_extra or {})


class LogSettings(Section):
    """``[logs]``: JSON lines for machines, colours for a terminal; ``auto`` looks at stderr."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["auto", "json", "console"] = "auto"


class Settings(Section):
    """The whole configuration. ``telamon.configuration`` says where its values come from."""

    public_url: str
    """How clients and browsers reach us: scheme, host and port, nothing behind them."""
    listen: ListenSettings = ListenSettings()
    atlassian: AtlassianSettings
    storage: StorageSettings
    clients: ClientSettings = ClientSettings()
    tokens: TokenSettings = TokenSettings()
    limits: LimitSettings = LimitSettings()
    policy: PolicySettings = PolicySettings()
    plugins: PluginSettings = PluginSettings()
    logs: LogSettings = LogSettings()

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str) -> str:
        return check_public_url(value)

    @model_validator(mode="after")
    def _together(self) -> "Settings":
        if self.tokens.refresh_idle_seconds > self.tokens.refresh_absolute_seconds:
            raise ValueError("tokens.refresh_idle_seconds is longer than refresh_absolute_seconds")
        listen = self.listen
        if listen.metrics_port and (listen.metrics_host, listen.metrics_port) == (
            listen.host,
            listen.port,
        ):
            raise ValueError("listen.metrics_port is listen.port; the two listeners need one each")
        return self
