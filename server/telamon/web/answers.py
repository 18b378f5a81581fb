"""JSON answers, and the shape of every OAuth error (RFC 6749, section 5.2)."""

import json
import re
from collections.abc import Mapping

from aiohttp import web

from telamon.plugin import Json

_NOT_ALLOWED = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")
_LONGEST_DESCRIPTION = 200


def encode_json(data: Json) -> bytes:
    """Return *data* as compact UTF-8; a lone surrogate becomes U+FFFD instead of an error."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def json_answer(
    data: Json, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Answer with compact JSON that nobody may store, unless *headers* say otherwise."""
    return web.Response(
        body=encode_json(data),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def visible(text: str) -> str:
    """Return *text* as an ``error_description`` may be: printable ASCII, no quotes, 200 at most."""
    return _NOT_ALLOWED.sub("?", text.replace('"', "'"))[:_LONGEST_DESCRIPTION]


def oauth_error(
    error: str, description: str, *, status: int = 400, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Answer with an OAuth error code and a sentence about it."""
    return json_answer(
        {"error": error, "error_description": visible(description)}, status=status, headers=headers
    )
