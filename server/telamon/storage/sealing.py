"""Encryption at rest: AES-256-GCM under the key ring, bound to the very cell it stands in."""

from functools import lru_cache
from secrets import token_bytes
from typing import Final

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from telamon.storage.errors import KeyMissing, Unsealable
from telamon.storage.keys import KeyRing, derive

_VERSION: Final = b"v1"
_NONCE: Final = 12
_TAG: Final = 16
_LONGEST_ID: Final = 32
_log = structlog.get_logger(__name__)


class Sealer:
    """Seals values for one cell each: table, row, account and column are authenticated with it.

    A sealed value is ``v1|key id|nonce|ciphertext and tag``. Moved to another row, account, table
    or column, altered or cut, it does not open. Each table has its own sub-key of each key.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._cipher = lru_cache(maxsize=None)(self._new_cipher)
        self.prefix = _prefix(ring.first)
        """How every value sealed under the first key begins."""

    def seal(
        self, plaintext: str | bytes, *, table: str, row: str, account: str, column: str
    ) -> bytes:
        """Encrypt *plaintext* (text as UTF-8) under the first key for this cell."""
        nonce = token_bytes(_NONCE)
        raw = plaintext.encode() if isinstance(plaintext, str) else plaintext
        context = _context(table, row, account, column)
        return (
            self.prefix + nonce + self._cipher(self._ring.first, table).encrypt(nonce, raw, context)
        )

    def open(self, sealed: bytes, *, table: str, row: str, account: str, column: str) -> bytes:
        """Decrypt a value of this cell under whichever key of the ring sealed it.

        Raises:
            Unsealable: the value is not of this cell, or was altered.
            KeyMissing: its key is not in the ring.
        """
        version, _, rest = sealed.partition(b"|")
        key_id, _, body = rest.partition(b"|")
        name = key_id.decode("ascii", "replace")
        if version != _VERSION or len(body) < _NONCE + _TAG:
            raise Unsealable(table, row, column)
        if name not in self._ring.keys:
            _log.error("storage.key.missing", key_id=name[:_LONGEST_ID], table=table)
            raise KeyMissing(name[:_LONGEST_ID])
        context = _context(table, row, account, column)
        try:
            return self._cipher(name, table).decrypt(body[:_NONCE], body[_NONCE:], context)
        except InvalidTag as error:
            raise Unsealable(table, row, column) from error

    def _new_cipher(self, key_id: str, table: str) -> AESGCM:
        return AESGCM(derive(self._ring.keys[key_id], f"seal|{table}"))


def _prefix(key_id: str) -> bytes:
    return b"|".join((_VERSION, key_id.encode("ascii"), b""))


def _context(table: str, row: str, account: str, column: str) -> bytes:
    # NUL cannot stand in a stored text, so no two cells share a context.
    return f"{table}\0{row}\0{account}\0{column}\0v1".encode()
