"""Read an upstream answer: capped, and into JSON without ever crashing on what it holds."""

import asyncio
import json
from typing import Any, TypeGuard

import aiohttp

from telamon.plugin import Json

CHUNK = 64 * 1024
OFF_LOOP = 1024 * 1024
"""Parsing more than this takes tens of milliseconds; a thread does it."""


class TooMuch(Exception):
    """The body is over the cap; the connection was closed, not drained."""


class NotJson(Exception):
    """The body is not JSON, whatever its type says."""


async def read_capped(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read the decompressed body of at most *limit* bytes.

    Raises:
        TooMuch: There is more.
        aiohttp.ClientError, TimeoutError: The connection failed half way.
    """
    if (response.content_length or 0) > limit:
        response.close()
        raise TooMuch
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_chunked(CHUNK):
        size += len(part)
        if size > limit:
            response.close()
            raise TooMuch
        parts.append(part)
    return b"".join(parts)


async def parse(raw: bytes) -> Json:
    """Return the parsed JSON, or ``None`` for an empty body.

    Raises:
        NotJson: It is HTML, cut short, nested too deep, or holds what JSON does not have.
    """
    if not raw.strip():
        return None
    if len(raw) > OFF_LOOP:
        return await asyncio.to_thread(_loads, raw)
    return _loads(raw)


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether *value* is a JSON object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether *value* is a JSON array."""
    return isinstance(value, list)


def as_object(value: object) -> dict[str, Any]:
    """Return *value* if it is a JSON object, else an empty one."""
    return value if is_object(value) else {}


def as_list(value: object) -> list[Any]:
    """Return *value* if it is a JSON array, else an empty one."""
    return value if is_array(value) else []


def _loads(raw: bytes) -> Json:
    try:
        return json.loads(raw, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotJson from error


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
