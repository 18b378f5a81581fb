"""Dates in the emulator's CQL: literals and the functions that count from now."""

import re
from datetime import UTC, datetime, timedelta

from telamon_confluence.sandbox.cql import CqlError, Function, Value

_FORMS = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
_SHIFT = re.compile(r"([+-]?[0-9]{1,4})(m|h|d|w|M|y)")
_SPANS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "M": timedelta(days=30),
    "y": timedelta(days=365),
}
_UNITS = {"day": "d", "week": "w", "month": "M", "year": "y"}


def moment(value: Value, now: float) -> float:
    """Return *value* as Unix seconds; days begin in UTC.

    Raises:
        CqlError: It is no date.
    """
    if isinstance(value, Function):
        return _called(value, datetime.fromtimestamp(now, UTC)).timestamp()
    for form in _FORMS:
        try:
            return datetime.strptime(value, form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    raise CqlError(f"'{value}' is not a date")


def _called(function: Function, now: datetime) -> datetime:
    name, argument = function.name, function.argument
    if name == "now":
        return now + _shift(argument, "d")
    found = re.fullmatch(r"(startof|endof)(day|week|month|year)", name)
    if found is None:
        raise CqlError(f"there is no date function '{name}'")
    edge, unit = found.groups()
    start = _start(now, unit) + _shift(argument, _UNITS[unit])
    if edge == "startof":
        return start
    following = {
        "day": start + timedelta(days=1),
        "week": start + timedelta(weeks=1),
        "month": (start.replace(day=1) + timedelta(days=32)).replace(day=1),
        "year": start.replace(year=start.year + 1, month=1, day=1),
    }
    return following[unit] - timedelta(seconds=1)


def _start(now: datetime, unit: str) -> datetime:
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    match unit:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "year":
            return day.replace(month=1, day=1)
        case _:
            return day


def _shift(argument: str | None, unit: str) -> timedelta:
    if argument is None:
        return timedelta()
    text = argument if argument[-1:].isalpha() else argument + unit
    found = _SHIFT.fullmatch(text)
    if found is None:
        raise CqlError(f"'{argument}' is not a span of time")
    return int(found[1]) * _SPANS[found[2]]
