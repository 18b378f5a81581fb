"""The key ring: the operator's encryption keys, checked, and the sub-keys derived from them."""

import re
from base64 import b64decode, b64encode, urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from secrets import token_bytes, token_hex
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from telamon.storage.errors import StorageRefused

KEY_BYTES: Final = 32
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
_DISTINCT: Final = 16  # 32 random bytes have fewer distinct values once in 10**13


def derive(secret: bytes, purpose: str) -> bytes:
    """A 32-byte sub-key of *secret* for one *purpose* (HKDF-SHA256, RFC 5869)."""
    info = f"telamon|v1|{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)


def new_key() -> str:
    """A fresh ring entry, ``<key id>:<base64 of 32 random bytes>``, for ``telamon keys new``."""
    return f"k{token_hex(4)}:{b64encode(token_bytes(KEY_BYTES)).decode('ascii')}"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Encryption keys by id, in the operator's order: the first one encrypts, all decrypt.

    Build it with :meth:`parse`. To rotate without an outage: append the new key on every replica,
    then move it to the front, run ``telamon keys rotate``, then remove the old one.
    """

    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "KeyRing":
        """Read ``key-id:base64`` entries; base64url and missing padding are accepted.

        Raises:
            StorageRefused: no key at all, a malformed or repeated entry, or a key that is short
                or not random. The text names the key's id, never its value.
        """
        keys: dict[str, bytes] = {}
        for number, entry in enumerate(entries, start=1):
            key_id, colon, text = entry.strip().partition(":")
            if not colon or _KEY_ID.fullmatch(key_id) is None:
                raise StorageRefused(
                    f"encryption key {number} is not written as 'key-id:base64'; "
                    "'telamon keys new' makes one"
                )
            if key_id in keys:
                raise StorageRefused(f"encryption key id {key_id!r} is given twice")
            keys[key_id] = _strong(key_id, _decoded(key_id, text))
        if not keys:
            raise StorageRefused("no encryption key is set; 'telamon keys new' makes one")
        if len(set(keys.values())) != len(keys):
            raise StorageRefused("two encryption key ids have the same key")
        return cls(keys)

    @property
    def first(self) -> str:
        """The id of the key that encrypts."""
        return next(iter(self.keys))

    def derive(self, purpose: str) -> bytes:
        """A 32-byte sub-key of the first key. It changes when the ring's first key does.

        For anything that has to outlive a key rotation use ``Storage.derive``.
        """
        return derive(self.keys[self.first], purpose)


def _decoded(key_id: str, text: str) -> bytes:
    bare = text.strip().rstrip("=")
    padded = bare + "=" * (-len(bare) % 4)
    decode = urlsafe_b64decode if {"-", "_"} & set(bare) else b64decode
    try:
        return decode(padded) if decode is urlsafe_b64decode else b64decode(padded, validate=True)
    except (Base64Error, ValueError) as error:
        raise StorageRefused(f"encryption key {key_id!r} is not base64") from error


def _strong(key_id: str, key: bytes) -> bytes:
    advice = "make one with 'telamon keys new'"
    if len(key) < KEY_BYTES:
        raise StorageRefused(
            f"encryption key {key_id!r} has {len(key)} bytes, {KEY_BYTES} are needed; {advice}"
        )
    steps = {(after - before) % 256 for before, after in pairwise(key)}
    is_text = all(0x20 <= byte < 0x7F for byte in key)
    if len(set(key)) < _DISTINCT or len(steps) < _DISTINCT or is_text:
        raise StorageRefused(f"encryption key {key_id!r} is an example or not random; {advice}")
    return key
