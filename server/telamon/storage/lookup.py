"""How plaintext ids and tokens become keys of rows, and how the sub-keys of others are made."""

import hmac
from functools import lru_cache

from telamon.storage.keys import derive


class Lookup:
    """Hashes under the *data root*: 32 random bytes, born with the database.

    The root is kept in the database, sealed under the key ring, and sealed anew when the ring
    rotates. So the pepper never stands in the open and is not derived from an encryption key:
    replacing every encryption key leaves all codes, tokens and sessions valid, and nobody has to
    sign in again. Whoever has only the database, or only the ring, cannot compute a hash.
    """

    def __init__(self, root: bytes) -> None:
        self._root = root
        self.derive = lru_cache(maxsize=64)(self._derive)

    def hash(self, purpose: str, plaintext: str) -> bytes:
        """HMAC-SHA256 of *plaintext* under the pepper of this *purpose*; never raises."""
        key = self.derive(f"lookup|{purpose}")
        return hmac.digest(key, plaintext.encode("utf-8", "surrogatepass"), "sha256")

    def _derive(self, purpose: str) -> bytes:
        return derive(self._root, purpose)
