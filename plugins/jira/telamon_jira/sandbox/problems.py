"""How an emulated request is refused: Jira's error collection, raised where the fault is found."""

from collections.abc import Mapping

from telamon.plugin import SandboxResponse

NO_ISSUE = "Issue does not exist or you do not have permission to see it."
UNBOUNDED = (
    "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
)


class Refused(Exception):
    """The request is answered with *status* and Jira's ``errorMessages`` and ``errors``."""

    def __init__(
        self, status: int, *messages: str, fields: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, *messages)
        self.status = status
        self.messages = messages
        self.fields = dict(fields or {})

    @property
    def response(self) -> SandboxResponse:
        """The answer in Jira's own form."""
        body = {"errorMessages": list(self.messages), "errors": self.fields}
        return SandboxResponse(status=self.status, body=body)
