"""What our own secrets look like: a prefix that scanners know, 256 random bits, a checksum."""

import re
import zlib
from base64 import urlsafe_b64encode
from secrets import token_bytes
from typing import Final, Literal

SecretKind = Literal["access", "refresh", "code", "client"]

PREFIXES: Final[dict[SecretKind, str]] = {
    "access": "tlm_at_",
    "refresh": "tlm_rt_",
    "code": "tlm_ac_",
    "client": "tlm_cs_",
}
"""The beginning of every secret of a kind; ``client`` is a registered client's secret."""

SECRET_PATTERN: Final = re.compile(r"tlm_(?:at|rt|ac|cs)_[A-Za-z0-9_-]{49}")
"""Finds our secrets in any text: for redactors and secret scanners."""

_CHECKSUM_LENGTH: Final = 6


def new_secret(kind: SecretKind) -> str:
    """A fresh secret: prefix, 32 random bytes as base64url (43 characters), 6 of checksum."""
    body = PREFIXES[kind] + _text(token_bytes(32))
    return body + _checksum(body)


def looks_valid(kind: SecretKind, text: str) -> bool:
    """Whether *text* could be one of ours of this kind, told without asking the database."""
    if not text.startswith(PREFIXES[kind]) or SECRET_PATTERN.fullmatch(text) is None:
        return False
    return _checksum(text[:-_CHECKSUM_LENGTH]) == text[-_CHECKSUM_LENGTH:]


def _checksum(body: str) -> str:
    return _text(zlib.crc32(body.encode("ascii")).to_bytes(4, "big"))


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
