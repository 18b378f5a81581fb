"""The ``[plugins.jira]`` section of the settings."""

from pydantic import BaseModel, ConfigDict, Field

MEBIBYTE = 1024 * 1024


class JiraSettings(BaseModel):
    """What an operator may choose for Jira.

    Attributes:
        attachment_download_limit: Bytes; a larger attachment is not downloaded.
        attachment_upload_limit: Bytes; a larger file is not uploaded.
        recent_comments: How many of the newest comments ``getJiraIssue`` shows by default.
        bulk_wait: Seconds that a bulk move waits for Jira to finish before it hands over the task.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    attachment_download_limit: int = Field(default=5 * MEBIBYTE, ge=1, le=64 * MEBIBYTE)
    attachment_upload_limit: int = Field(default=5 * MEBIBYTE, ge=1, le=64 * MEBIBYTE)
    recent_comments: int = Field(default=5, ge=0, le=100)
    bulk_wait: float = Field(default=60.0, ge=0, le=600)
