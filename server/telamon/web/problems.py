"""What can go wrong in front of a person: what happened, what to do, what was not changed.

The words are ours alone: nothing that Atlassian or a client sent is ever shown here as text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

NOTHING_CHANGED = "Nothing was changed, and no access was given to anyone."
START_AGAIN = "Go back to your app and connect again. Running the command once more is safe."


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One problem page. ``details`` are small facts for a report: an address, an error id."""

    title: str
    happened: str
    to_do: tuple[str, ...]
    unchanged: str = NOTHING_CHANGED
    details: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def did_not_finish(happened: str | None = None) -> Problem:
    """The sign-in is over, unknown, or belongs to another browser (R10)."""
    return Problem(
        title="This sign-in cannot go on",
        happened=happened
        or "It took too long, was already finished, or was started in another browser.",
        to_do=(
            START_AGAIN,
            "If no window opens: allow pop-ups, or open the address that your app prints.",
            "Finish the sign-in in the browser where it began.",
        ),
    )


def redirect_refused(callback: str | None, *, client_name: str | None = None) -> Problem:
    """The client asked for an answer at an address that we do not send codes to (R11)."""
    return Problem(
        title="The app's return address was not accepted",
        happened="After the sign-in, your browser would be sent back to your app. The address "
        "that the app gave for this is not one that it registered, or that this server allows.",
        to_do=(
            "Remove the connection in your app and add it again, so that it registers anew.",
            "If it still fails, ask whoever runs this server to allow-list the address below.",
            "For an address at localhost: check that no firewall or other program blocks its port.",
        ),
        details=_known({"App": client_name, "Return address": callback}),
    )


def callback_misconfigured(callback: str) -> Problem:
    """Atlassian did not come back to our callback as it should (R11, on the operator's side)."""
    return Problem(
        title="Atlassian's answer could not be used",
        happened="Atlassian sent your browser back here with an answer that does not belong to a "
        "sign-in of yours.",
        to_do=(
            START_AGAIN,
            (
                "If it happens again, ask whoever runs this server to compare the callback URL "
                "below with the one in Atlassian's developer console: they have to be the same."
            ),
        ),
        details={"Callback URL": callback},
    )


def access_denied(*, site: str | None = None) -> Problem:
    """The account lacks product access, a site, or is not allowed here (R12)."""
    return Problem(
        title="Your account has no access",
        happened="You are signed in to Atlassian, but this account may not use Jira or Confluence "
        "on a site that this server serves.",
        to_do=(
            "Ask the administrator of your Atlassian site to give you access to the product.",
            "With several Atlassian accounts: log out at id.atlassian.com, then connect again.",
        ),
        details=_known({"Site": site}),
    )


def nothing_left() -> Problem:
    """The operator's policy leaves this account nothing on any site (R12)."""
    return Problem(
        title="Nothing is allowed for your account here",
        happened="You are signed in to Atlassian, but whoever runs this server has rules that "
        "leave your account nothing of what you approved.",
        to_do=(
            "Ask whoever runs this server which accounts may use it, and for what.",
            "With several Atlassian accounts: log out at id.atlassian.com, then connect again.",
        ),
    )


def no_data(missing: Sequence[str] = ()) -> Problem:
    """The connection works but brings nothing: it ended, or lacks permissions (R13)."""
    return Problem(
        title="This connection brings no data",
        happened="Its access has ended, or it was approved with fewer permissions than the "
        "request needs.",
        to_do=(
            "Connect again from your app; the browser opens and you sign in anew.",
            "Leave the permissions below ticked when you approve the connection."
            if missing
            else "Leave those permissions ticked that you want your app to use.",
        ),
        unchanged="Your other connections go on as before.",
        details=_known({"Missing permissions": ", ".join(missing) or None}),
    )


def atlassian_unavailable() -> Problem:
    """Atlassian did not answer, or not in time."""
    return Problem(
        title="Atlassian did not answer",
        happened="Atlassian could not be reached, or took too long.",
        to_do=(
            "Wait a minute, then connect again from your app.",
            "If it lasts, look at status.atlassian.com.",
        ),
    )


def too_often(seconds: str) -> Problem:
    """A limit was reached; *seconds* is what ``Retry-After`` says."""
    return Problem(
        title="Too many attempts",
        happened="There were more requests from your network than this server accepts at once.",
        to_do=(f"Wait {seconds} seconds, then try again.",),
    )


def unavailable() -> Problem:
    """Our own storage is out of reach for the moment."""
    return Problem(
        title="The server is busy",
        happened="It could not read or save just now.",
        to_do=("Wait a few seconds, then load this page again.",),
    )


def not_understood(status: int) -> Problem:
    """A request no part of this server serves: a wrong address, method or form."""
    missing = status == 404
    return Problem(
        title="There is no such page" if missing else "The request was not understood",
        happened="The address is not one of this server's."
        if missing
        else "Something about the request was not as it has to be.",
        to_do=("Go to the start page, which says how to connect.",),
    )


def unexpected(error_id: str) -> Problem:
    """A fault of ours; *error_id* finds it in the log."""
    return Problem(
        title="Something went wrong here",
        happened="The server met a fault of its own. It has been noted under the id below.",
        to_do=(
            START_AGAIN,
            "If it happens again, tell whoever runs this server the error id.",
        ),
        unchanged="What you did last may not have been saved.",
        details={"Error id": error_id},
    )


def _known(details: Mapping[str, str | None]) -> Mapping[str, str]:
    return {name: value for name, value in details.items() if value}
