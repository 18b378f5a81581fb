"""Read Atlassian's rate-limit headers: which requests have to wait, and until when.

Source: Atlassian, "Rate limiting" for Jira and Confluence Cloud. ``RateLimit-Reason`` tells a used
up hourly quota from a burst on one endpoint from too many writes to one issue.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

Reach = Literal["product", "endpoint", "call"]

BURST_SECONDS = 5.0
"""Waited when Atlassian names no time."""
LONGEST_SECONDS = 24 * 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Throttle:
    """Requests within *reach* are of no use for so many *seconds*."""

    reach: Reach
    seconds: float


def throttle_of(headers: Mapping[str, str], now: float) -> Throttle:
    """Read the headers of a 429."""
    reason = headers.get("RateLimit-Reason", "").lower()
    reach: Reach = "endpoint"
    if "quota" in reason:
        reach = "product"
    elif "per-issue" in reason:
        reach = "call"
    seconds = retry_after(headers, now)
    if seconds is None:
        # Quotas start anew with the hour (UTC).
        seconds = 3600 - now % 3600 if reach == "product" else BURST_SECONDS
    return Throttle(reach=reach, seconds=min(seconds, LONGEST_SECONDS))


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that ``Retry-After`` (RFC 9110, 10.2.3) or the reset header ask for."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(float(asked[:12]), LONGEST_SECONDS)
    for text, read in (
        (asked, parsedate_to_datetime),
        (headers.get("X-RateLimit-Reset", ""), datetime.fromisoformat),
    ):
        try:
            moment = read(text)
        except ValueError:
            continue
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now)
    return None
