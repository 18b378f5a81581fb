"""How far one sign-in has come: the meaning of a stored transaction's data."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, cast

from pydantic import TypeAdapter

from telamon.atlassian.oauth import Account
from telamon.authorization.ties import new_secret
from telamon.plugin import Json, Site


class Step(StrEnum):
    """Where a sign-in waits, and for whom."""

    CONSENT = "consent"
    """For the person, on our consent page."""
    ATLASSIAN = "atlassian"
    """For the person, at Atlassian."""
    ARRIVING = "arriving"
    """For us: Atlassian's answer is being worked on, once."""
    SITE = "site"
    """For the person, on the page that asks for the site or says what is different."""
    ANSWER = "answer"
    """For nobody: the client can be answered. Never stored."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """An authorization request in which everything has been checked.

    Attributes:
        client_id: Who asks.
        client_print: Fingerprint of what the person is shown of the client.
        redirect_uri: Where the answer goes.
        redirect_uri_given: Whether the request named it.
        state: The client's ``state``, percent-encoded, byte for byte; None if there was none.
        scopes: Asked for, or the default.
        code_challenge: S256.
    """

    client_id: str
    client_print: str
    redirect_uri: str
    redirect_uri_given: bool
    state: str | None
    scopes: tuple[str, ...]
    code_challenge: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """One sign-in. Without ``asked`` it is a person's own, for the connections page.

    Attributes:
        step: Where it waits.
        asked: The client's request.
        form_key: Makes this sign-in's form tokens.
        approved: The scopes that the person left ticked.
        expected_account: Whose browser session approved, where it was known.
        state: Atlassian's ``state``; made by approval alone, as are the next two.
        verifier: The PKCE verifier for Atlassian.
        binding: What the browser that approved holds in a cookie, and no other can have.
        account: Who signed in.
        grant_id: The Atlassian grant that came of it.
        scopes: What our token will hold.
        missing: Approved here, and not granted by Atlassian.
        sites: To choose from; one when chosen.
    """

    step: Step
    asked: Asked | None
    form_key: str = field(repr=False)
    approved: tuple[str, ...] = ()
    expected_account: str | None = None
    state: str = field(default="", repr=False)
    verifier: str = field(default="", repr=False)
    binding: str = field(default="", repr=False)
    account: Account | None = None
    grant_id: str = ""
    scopes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    sites: tuple[Site, ...] = ()

    @property
    def is_other_account(self) -> bool:
        """Whether another account signed in at Atlassian than the one that approved here."""
        return (
            self.expected_account is not None
            and self.account is not None
            and self.account.account_id != self.expected_account
        )


def sent_to_atlassian(progress: Progress, *, binding: str) -> Progress:
    """Return *progress* on its way through Atlassian, with the secrets for it; made once.

    *binding* is the browser's: another browser must never come by it.
    """
    return replace(
        progress,
        step=Step.ATLASSIAN,
        state=progress.state or new_secret(),
        verifier=progress.verifier or new_secret(),
        binding=binding,
    )


_ADAPTER = TypeAdapter(Progress)


def to_data(progress: Progress) -> Mapping[str, Json]:
    """Return *progress* as JSON."""
    return cast("dict[str, Any]", _ADAPTER.dump_python(progress, mode="json"))


def from_data(data: Mapping[str, Json]) -> Progress:
    """Return what :func:`to_data` was given."""
    return _ADAPTER.validate_python(dict(data))
