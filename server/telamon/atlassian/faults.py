"""Turn what Atlassian answered into one sentence with cause and remedy that a model can act on.

Atlassian's own words are quoted, trimmed and stripped of markup; they are never trusted to be short
or harmless.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from telamon.atlassian.cleaning import clean
from telamon.atlassian.reading import as_list, as_object
from telamon.plugin import (
    AnyProduct,
    Conflict,
    Forbidden,
    Json,
    MissingScope,
    NotFound,
    RateLimited,
    Rejected,
    SignInAgain,
    Site,
    TooLarge,
    ToolError,
    Unavailable,
)

FIELDS = 20
INVALID: tuple[type[ToolError], str, str] = (
    Rejected,
    "refused this as not valid",
    "correct the arguments and call again",
)
CONFLICT: tuple[type[ToolError], str, str] = (
    Conflict,
    "refused this because it conflicts with what is there now",
    "read it again, then repeat with the current version",
)
REFUSALS: Mapping[int, tuple[type[ToolError], str, str]] = {
    403: (
        Forbidden,
        "says that this user lacks the permission for that",
        "do something else, or let a site administrator grant it",
    ),
    404: (NotFound, "has no such thing, or this user may not see it", "check the id or key"),
    409: CONFLICT,
    410: (Rejected, "says that this is gone for good", "use something else"),
    412: CONFLICT,
    413: (TooLarge, "refused this as too large", "send less at once"),
}
"""What a status means: the error, the cause, the remedy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What was asked of Atlassian, as far as a sentence about its failure needs it.

    ``needs`` are the scopes of the tool that runs; the gateway never names the missing one.
    """

    product: AnyProduct
    site: Site
    method: str
    template: str
    reads: bool
    needs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """An answer read whole. ``body`` is its JSON; ``None`` when it is empty or something else."""

    status: int
    headers: Mapping[str, str]
    raw: bytes
    body: Json = None


def scope_refused(answered: Answered) -> bool:
    """Tell the gateway's "scope does not match" from a token that has expired."""
    body = as_object(answered.body)
    return (
        answered.status in (401, 403)
        and "scope" in str(body.get("message", ""))
        and "errorMessages" not in body
    )


def gateway_said(answered: Answered) -> bool:
    """Whether the gateway answered by itself, before any product was reached."""
    body = as_object(answered.body)
    return "code" in body and not {"errorMessages", "errors", "statusCode"} & set(body)


def fault(asked: Asked, answered: Answered) -> ToolError:
    """Return the error that a status of 300 or more means.

    A 429 is :func:`rate_limited`'s, a 401 without a word of scopes :func:`sign_in_again`'s.
    """
    status, title = answered.status, asked.product.title
    if scope_refused(answered):
        return missing_scope(asked)
    if "app_access_blocked" in answered.headers.get("Atlassian-DataSecurityPolicy", ""):
        return Forbidden(
            f"A data security policy of the organisation keeps apps out of this part of {title}; "
            "only an organisation administrator can change that."
        )
    if status < 400:
        return unavailable(asked, "sent us elsewhere, where a token must not go")
    if status >= 500 or status == 408:
        return unavailable(asked, f"answered with an error of its own (status {status})")
    kind, cause, remedy = REFUSALS.get(status, INVALID)
    words, fields = atlassian_words(answered.body)
    quoted = f' ("{words}")' if words else ""
    sentence = f"{title} on {asked.site.name} {cause}{quoted}; {remedy}."
    return kind(sentence, fields=fields) if issubclass(kind, Rejected) else kind(sentence)


def missing_scope(asked: Asked) -> MissingScope:
    """The connection's grant lacks a scope; names all that the running tool needs."""
    return MissingScope(
        f"Atlassian says that this connection was not given every scope this needs "
        f"({' '.join(asked.needs)}); the user has to connect again and approve them.",
        asked.needs,
    )


def sign_in_again(asked: Asked) -> SignInAgain:
    """Even a fresh access token was refused."""
    return SignInAgain(
        f"Atlassian no longer accepts this connection to {asked.product.title}; the user has to "
        "connect again and sign in."
    )


def site_gone(asked: Asked, reachable: Iterable[Site]) -> NotFound:
    """The grant no longer reaches the site the token is for."""
    others = ", ".join(site.name for site in reachable)
    remedy = f"connect again and choose one of: {others}" if others else "connect again"
    return NotFound(
        f"The site {asked.site.name} is no longer open to this connection; the user has to "
        f"{remedy}."
    )


def rate_limited(asked: Asked, seconds: float | None) -> RateLimited:
    """Atlassian's limit is reached, and waiting for it here would take too long."""
    when = "in a minute" if seconds is None else f"in {max(1, round(seconds))} seconds"
    return RateLimited(
        f"Atlassian's rate limit for {asked.product.title} is reached; try again {when}.",
        retry_after=seconds,
    )


def unavailable(asked: Asked, cause: str) -> Unavailable:
    """No usable answer; for a change it stays open whether it was made."""
    remedy = (
        "try again in a minute"
        if asked.reads
        else "check whether the change was made before you repeat it"
    )
    return Unavailable(f"{asked.product.title} on {asked.site.name} {cause}; {remedy}.")


def too_large(asked: Asked, limit: int) -> TooLarge:
    """The answer is over our cap."""
    size = f"{limit // (1024 * 1024)} MiB" if limit >= 1024 * 1024 else f"{limit} bytes"
    return TooLarge(
        f"The answer of {asked.product.title} is larger than {size}; ask for fewer or smaller "
        "things at once."
    )


def atlassian_words(body: Json) -> tuple[str, dict[str, str]]:
    """Return Atlassian's own words, at most 500 characters, and its messages by field.

    Knows Jira's ``errorMessages`` and ``errors``, Confluence v2's list of ``errors``, Confluence
    v1's and the gateway's ``message``.
    """
    content = as_object(body)
    fields = {
        clean(name, 100): clean(str(text))
        for name, text in list(as_object(content.get("errors")).items())[:FIELDS]
    }
    parts = [str(text) for text in as_list(content.get("errorMessages"))]
    parts += [f"{name}: {text}" for name, text in fields.items()]
    for error in map(as_object, as_list(content.get("errors"))):
        parts += [str(error[key]) for key in ("title", "detail") if error.get(key)]
    if not parts and isinstance(content.get("message"), str):
        parts.append(content["message"])
    return clean(" ".join(parts)).replace('"', "'"), fields
