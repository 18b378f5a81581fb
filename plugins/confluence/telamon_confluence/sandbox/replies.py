"""How the emulated Confluence answers: operations, refusals in its two error forms, and times."""

import functools
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from telamon.plugin import Operation, SandboxResponse

V1 = "/wiki/rest/api"
V2 = "/wiki/api/v2"

Handler = Callable[..., Any]
"""``handler(request, **path parameters)``: JSON for a 200, or a whole response."""


class Refusal(Exception):
    """A request that Confluence does not fulfil."""

    def __init__(self, status: int, title: str, code: str = "", detail: str | None = None) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.code = code
        self.detail = detail


def not_found() -> Refusal:
    """Return what Confluence says of things that are missing or may not be seen."""
    return Refusal(404, "Not Found", "NOT_FOUND")


def forbidden(title: str = "Current user not permitted to use Confluence") -> Refusal:
    """Return what Confluence says to somebody who may see but not change."""
    return Refusal(403, title, "FORBIDDEN")


def invalid(title: str, detail: str | None = None) -> Refusal:
    """Return what Confluence says of a bad parameter or body."""
    return Refusal(400, title, "INVALID_REQUEST_PARAMETER", detail)


def v2(
    method: str, path: str, scope: str, handler: Handler, query: Collection[str] = ()
) -> Operation:
    """Return an operation of the REST API v2, which takes granular scopes only."""
    return Operation(
        method=method,
        path=V2 + path,
        scopes=(frozenset({scope}),),
        query=frozenset(query),
        handle=_answering(handler, refused_v2),
    )


def v1(
    method: str,
    path: str,
    scopes: tuple[str, ...],
    handler: Handler,
    query: Collection[str] = (),
) -> Operation:
    """Return an operation of v1; each of *scopes* is one family, its members joined by spaces."""
    return Operation(
        method=method,
        path=V1 + path,
        scopes=tuple(frozenset(family.split()) for family in scopes),
        query=frozenset(query),
        handle=_answering(handler, refused_v1),
    )


def refused_v2(refusal: Refusal) -> SandboxResponse:
    """Return the error form of the REST API v2."""
    error = {
        "status": refusal.status,
        "code": refusal.code,
        "title": refusal.title,
        "detail": refusal.detail,
    }
    return SandboxResponse(status=refusal.status, body={"errors": [error]})


def refused_v1(refusal: Refusal) -> SandboxResponse:
    """Return the error form of v1."""
    data: dict[str, Any] = {
        "authorized": refusal.status not in (403, 404),
        "valid": refusal.status not in (400, 404),
        "errors": [{"message": {"translation": refusal.title, "args": []}}],
        "successful": False,
    }
    body = {"statusCode": refusal.status, "data": data, "message": refusal.title}
    return SandboxResponse(status=refusal.status, body=body)


def timestamp(seconds: float) -> str:
    """Return *seconds* as Confluence writes times: UTC with milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _answering(
    handler: Handler, refused: Callable[[Refusal], SandboxResponse]
) -> Callable[..., SandboxResponse]:
    @functools.wraps(handler)
    def handle(*given: Any, **parameters: Any) -> SandboxResponse:
        try:
            answer = handler(*given, **parameters)
        except Refusal as refusal:
            return refused(refusal)
        return answer if isinstance(answer, SandboxResponse) else SandboxResponse(body=answer)

    return handle
