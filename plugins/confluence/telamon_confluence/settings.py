"""The ``[plugins.confluence]`` section."""

from pydantic import BaseModel, ConfigDict, Field


class ConfluenceSettings(BaseModel):
    """What an operator can set for Confluence; sizes are in bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    attachment_download_limit: int = Field(default=5 * 1024 * 1024, ge=1, le=100 * 1024 * 1024)
    """The largest attachment that is read into a tool's answer."""

    attachment_upload_limit: int = Field(default=10 * 1024 * 1024, ge=1, le=100 * 1024 * 1024)
    """The largest attachment that a tool may send to Confluence."""

    long_task_interval: float = Field(default=1.0, ge=0.1, le=60)
    """Seconds between two looks at work that Confluence does after it answered."""

    long_task_looks: int = Field(default=60, ge=1, le=1000)
    """After so many looks a tool stops waiting for such work, which goes on."""
