"""Dates: the day that people read, and the timestamp in milliseconds that ADF holds."""

import re
from datetime import date

_DAY = 86_400_000
_EPOCH = date(1970, 1, 1).toordinal()
_FIRST, _LAST = date(1, 1, 1).toordinal() + 365, date.max.toordinal()
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MILLISECONDS = re.compile(r"-?[1-9][0-9]{0,13}|0")


def day_of(timestamp: str) -> str | None:
    """The day, in UTC, in which the timestamp lies, as `YYYY-MM-DD`; None if it is no timestamp."""
    if not _MILLISECONDS.fullmatch(timestamp):
        return None
    day = _EPOCH + int(timestamp) // _DAY
    return date.fromordinal(day).isoformat() if _FIRST <= day <= _LAST else None


def timestamp_of(text: str) -> str | None:
    """The timestamp that a day stands for, at midnight UTC; itself if it is one; else None."""
    if not _DATE.fullmatch(text):
        return text if day_of(text) else None
    try:
        day = date.fromisoformat(text)
    except ValueError:  # no such day
        return None
    return str((day.toordinal() - _EPOCH) * _DAY)
