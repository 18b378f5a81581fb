"""What a plugin author tests with: a fake Api, a fake Call, and the conformance check."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from telamon.plugin.api import Download, Json, Query, Site, Upload
from telamon.plugin.call import Answer, AnswerT, LogLevel
from telamon.plugin.checks import faults_of
from telamon.plugin.errors import CannotAsk, NotFound, TooLarge
from telamon.plugin.paths import fill
from telamon.plugin.product import AnyProduct

DEMO_SITE = Site(
    cloud_id="11111111-1111-4111-8111-111111111111",
    url="https://demo.example.com",
    name="Demo Site",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request that a tool made: *template* as written, *path* as filled."""

    method: str
    template: str
    path: str
    query: Mapping[str, object]
    body: Json = None
    file: Upload | None = None


class InTurn:
    """Answers to give one after the other; the last one stays."""

    def __init__(self, *answers: Json | Exception) -> None:
        self._answers = list(answers)

    def next(self) -> Json | Exception:
        """Return the answer whose turn it is."""
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@dataclass(kw_only=True)
class FakeApi:
    """An :class:`~telamon.plugin.Api` that answers from a table and remembers every request.

    *answers* maps ``(method, filled path)`` to parsed JSON, to bytes for a download, to an
    exception to raise, or to :class:`InTurn`. Anything else is ``NotFound``.
    """

    answers: Mapping[tuple[str, str], Json | Exception] = field(
        default_factory=dict[tuple[str, str], Json]
    )
    site: Site = DEMO_SITE
    account_id: str = "account-ada"
    scopes: frozenset[str] = frozenset()
    requests: list[Request] = field(default_factory=list[Request])

    def _answer(
        self,
        method: str,
        path: str,
        query: Query | None,
        segments: Mapping[str, str | int],
        *,
        body: Json = None,
        file: Upload | None = None,
    ) -> Json:
        filled = fill(path, segments)
        given = {name: value for name, value in (query or {}).items() if value is not None}
        self.requests.append(
            Request(method=method, template=path, path=filled, query=given, body=body, file=file)
        )
        if (method, filled) not in self.answers:
            raise NotFound(f"The fake has no answer for {method} {filled}.")
        answer = self.answers[method, filled]
        if isinstance(answer, InTurn):
            answer = answer.next()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def get(self, path: str, query: Query | None = None, /, **segments: str | int) -> Json:
        """Answer a GET."""
        return self._answer("GET", path, query, segments)

    async def post(
        self, path: str, body: Json = None, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        """Answer a POST."""
        return self._answer("POST", path, query, segments, body=body)

    async def read(
        self, path: str, body: Json, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        """Answer a POST that only reads."""
        return self._answer("POST", path, query, segments, body=body)

    async def put(
        self, path: str, body: Json = None, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        """Answer a PUT."""
        return self._answer("PUT", path, query, segments, body=body)

    async def delete(self, path: str, query: Query | None = None, /, **segments: str | int) -> Json:
        """Answer a DELETE."""
        return self._answer("DELETE", path, query, segments)

    async def download(
        self, path: str, query: Query | None = None, /, *, limit: int, **segments: str | int
    ) -> Download:
        """Answer with a file; a table entry is bytes or a ready :class:`Download`."""
        answer = self._answer("GET", path, query, segments)
        found = (
            answer
            if isinstance(answer, Download)
            else Download(content=bytes(answer), media_type="application/octet-stream")
        )
        if len(found.content) > limit:
            raise TooLarge(f"The file has {len(found.content)} bytes; at most {limit} are read.")
        return found

    async def upload(
        self,
        path: str,
        file: Upload,
        fields: Mapping[str, str] | None = None,
        query: Query | None = None,
        /,
        *,
        method: str = "POST",
        **segments: str | int,
    ) -> Json:
        """Answer an upload; the form fields are the request's body."""
        return self._answer(method, path, query, segments, body=dict(fields or {}), file=file)


@dataclass(kw_only=True)
class FakeCall:
    """A :class:`~telamon.plugin.Call` that remembers progress and logs, and answers questions.

    *answers* maps a question's key to the form's values, *refusals* to what the user did instead; a
    key in neither means a client without elicitation.
    """

    answers: Mapping[str, Mapping[str, object]] = field(
        default_factory=dict[str, Mapping[str, object]]
    )
    refusals: Mapping[str, Literal["decline", "cancel"]] = field(
        default_factory=dict[str, Literal["decline", "cancel"]]
    )
    reported: list[tuple[float, float | None, str | None]] = field(
        default_factory=list[tuple[float, float | None, str | None]]
    )
    logged: list[tuple[LogLevel, str]] = field(default_factory=list[tuple[LogLevel, str]])
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    async def progress(
        self, done: float, total: float | None = None, message: str | None = None
    ) -> None:
        """Remember the progress, which has to grow (MCP, progress)."""
        if self.reported and done <= self.reported[-1][0]:
            raise ValueError(f"progress went from {self.reported[-1][0]} to {done}; it has to grow")
        self.reported.append((done, total, message))

    async def log(self, level: LogLevel, message: str) -> None:
        """Remember the line."""
        self.logged.append((level, message))

    async def ask(self, key: str, question: str, answer: type[AnswerT], /) -> Answer[AnswerT]:
        """Answer from the table."""
        self.asked.append((key, question))
        if key in self.refusals:
            return Answer(action=self.refusals[key])
        if key not in self.answers:
            raise CannotAsk("This client cannot ask its user.")
        return Answer(action="accept", value=answer.model_validate(self.answers[key]))


def product_conforms(product: AnyProduct) -> None:
    """Check a product the way the server does at start-up.

    Raises:
        AssertionError: With every fault, one a line.
    """
    if faults := faults_of(product):
        raise AssertionError("\n".join(faults))
