"""Request bodies: read within a size and a time, then parsed without surprises.

aiohttp bounds neither the time a body may take nor what JSON may do to the parser; this does.
"""

import asyncio
import json
import math
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from multidict import MultiDict

FORM = "application/x-www-form-urlencoded"
_BRACKETS = bytes.maketrans(b"[]{}", b"()()")
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_LONGEST_INTEGER = 100
_MOST_OPENERS = 50_000
"""``[`` and ``{`` in one body, in strings or not: each costs far more to decode than to send."""


class BadForm(ValueError):
    """The body is not the form it should be; the text says why and may be shown."""


class BadJson(ValueError):
    """The body is not JSON that we accept; the text says why and may be shown."""


async def read_body(request: web.Request, *, limit: int, seconds: float) -> bytes:
    """Return the body, at most *limit* bytes that arrived within *seconds*.

    Raises:
        web.HTTPUnsupportedMediaType: It is compressed; nobody needs that, and bombs do.
        web.HTTPRequestEntityTooLarge: It is, or declares to be, larger.
        web.HTTPRequestTimeout: It drips; the connection is closed.
        web.HTTPBadRequest: Its framing is broken.
    """
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise web.HTTPUnsupportedMediaType(text="Send the body without Content-Encoding.")
    if (request.content_length or 0) > limit:
        raise web.HTTPRequestEntityTooLarge(limit, request.content_length or 0)
    read = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.content.iter_any():
                read += chunk
                if len(read) > limit:
                    raise web.HTTPRequestEntityTooLarge(limit, len(read))
    except TimeoutError:
        late = web.HTTPRequestTimeout(text="The request body took too long.")
        late.force_close()
        raise late from None
    except web.RequestPayloadError:
        broken = web.HTTPBadRequest(text="The request body is broken.")
        broken.force_close()
        raise broken from None
    return bytes(read)


async def read_form(
    request: web.Request, *, limit: int = 65_536, seconds: float = 15
) -> MultiDict[str]:
    """Return the fields of a URL-encoded form, repeated ones kept for the caller to judge.

    Raises:
        BadForm: Another content type, another charset than UTF-8, or more than 100 fields.
        web.HTTPException: As :func:`read_body` does.
    """
    if request.content_type != FORM:
        raise BadForm(f"the content type must be {FORM}")
    if (request.charset or "utf-8").lower() not in {"utf-8", "utf8"}:
        raise BadForm("the charset must be UTF-8")
    raw = await read_body(request, limit=limit, seconds=seconds)
    try:
        fields = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100
        )
    except ValueError as error:  # UnicodeDecodeError is one
        raise BadForm("the body is not a URL-encoded form") from error
    return MultiDict(fields)


def parse_json(raw: bytes, *, depth: int = 64) -> Any:
    """Return what the JSON text *raw* says (RFC 8259, with I-JSON's strictness, RFC 7493).

    Raises:
        BadJson: Not UTF-8 or with a BOM, broken, nested deeper than *depth*, with a key twice in
            one object, with ``NaN``, ``Infinity`` or a number that no double can hold; or made of
            too many arrays and objects to be decoded while others wait.
    """
    openers = raw.count(b"[") + raw.count(b"{")
    if openers > _MOST_OPENERS or (openers > depth and not _nests_within(raw, depth)):
        raise BadJson(f"the JSON is unbalanced, too large, or nested deeper than {depth} levels")
    try:
        return _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadJson("the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadJson(f"the body is not JSON: {error.msg} at character {error.pos}") from None


def _nests_within(raw: bytes, depth: int) -> bool:
    """Collapse innermost pairs *depth* times; what is left over is too deep, or unbalanced."""
    bare = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = b"".join(bare.split(b'"')[::2]).translate(_BRACKETS, _ALL_BUT_BRACKETS)
    for _ in range(depth):
        shorter = brackets.replace(b"()", b"")
        if len(shorter) == len(brackets):
            break
        brackets = shorter
    return not brackets


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadJson("a key stands twice in one JSON object")
    return found


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER:
        raise BadJson("a JSON number is too long")
    return int(digits)


def _real(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise BadJson("a JSON number is too large")
    return number


def _constant(name: str) -> None:
    raise BadJson(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_real,
    parse_constant=_constant,
)
