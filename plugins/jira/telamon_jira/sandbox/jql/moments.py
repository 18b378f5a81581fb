"""Points in time as JQL writes them: dates, ``-7d``, ``now()``, ``startOfWeek(-1)``."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from telamon_jira.sandbox.jql.syntax import Function, Operand, Value
from telamon_jira.sandbox.problems import Refused
from telamon_jira.sandbox.view import View

RELATIVE = re.compile(r"([+-]?)(\d+)([wdhm])")
SHIFT = re.compile(r"([+-]?)(\d+)([yMwdhm])?")
FORMS = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}
BOUND = re.compile(r"(startof|endof)(day|week|month|year)")


def moment(view: View, field: str, operand: Operand) -> float:
    """Return *operand* in Unix seconds, in the time zone of the person who asks."""
    now = datetime.fromtimestamp(view.now, tz=ZoneInfo(view.request.person.time_zone))
    found = _function(now, operand) if isinstance(operand, Function) else _literal(now, operand)
    if found is None:
        text = operand.name if isinstance(operand, Function) else operand.text
        raise Refused(
            400,
            f"Date value '{text}' for field '{field}' is invalid. Valid formats include: "
            "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period "
            "format e.g. '-5d', '4w 2d'.",
        )
    return found.timestamp()


def _literal(now: datetime, value: Value) -> datetime | None:
    for form in FORMS:
        try:
            return datetime.strptime(value.text, form).replace(tzinfo=now.tzinfo)
        except ValueError:
            continue
    parts = [RELATIVE.fullmatch(part) for part in value.text.split()]
    if not parts or not all(parts):
        return None
    sign = -1 if value.text.startswith("-") else 1
    for part in parts:
        if part:
            now += sign * timedelta(**{UNITS[part[3]]: int(part[2])})
    return now


def _function(now: datetime, call: Function) -> datetime | None:
    name = call.name.lower()
    if name in ("now", "currentlogin"):
        return now
    bound = BOUND.fullmatch(name)
    if bound is None:
        return None
    shift = SHIFT.fullmatch(call.arguments[0]) if call.arguments else None
    if call.arguments and shift is None:
        return None
    edge, period = bound[1], bound[2]
    if shift:
        count = int(shift[2]) * (-1 if shift[1] == "-" else 1)
        now = _shifted(now, count, shift[3] or {"month": "M", "year": "y"}.get(period, period[0]))
    start = _start(now, period)
    if edge == "startof":
        return start
    after = {"day": 1, "week": 7, "month": 32, "year": 367}[period]
    return _start(start + timedelta(days=after, hours=2), period) - timedelta(milliseconds=1)


def _start(at: datetime, period: str) -> datetime:
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "week":
        return midnight - timedelta(days=(midnight.weekday() + 1) % 7)
    if period == "month":
        return midnight.replace(day=1)
    if period == "year":
        return midnight.replace(month=1, day=1)
    return midnight


def _shifted(at: datetime, count: int, unit: str) -> datetime:
    if unit in UNITS:
        return at + timedelta(**{UNITS[unit]: count})
    months = at.year * 12 + at.month - 1 + count * (12 if unit == "y" else 1)
    return at.replace(year=months // 12, month=months % 12 + 1, day=min(at.day, 28))
