"""Every secret that this process mints, and where one of them was printed or logged.

All of ours come from 32 or more bytes of ``secrets.token_bytes``: tokens, codes, cookies, keys of
forms, ids of sign-ins and sessions, encryption keys, and those of the emulated Atlassian. Ids that
may be told are made of fewer.
"""

import re
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections import deque
from collections.abc import Iterable

SHORTEST = 32
MOST = 20_000
_WORD = re.compile(r"[A-Za-z0-9_+/-]{42,}")


class Register:
    """The secrets minted last, as the text and the hexadecimal digits that they become."""

    def __init__(self) -> None:
        self._minted: deque[str] = deque(maxlen=MOST)
        self._mint = secrets.token_bytes

    def listen(self) -> None:
        """Hear of every secret from now on; call it before anything imports its source."""

        def token_bytes(nbytes: int | None = None) -> bytes:
            raw = self._mint(nbytes)
            if len(raw) >= SHORTEST:
                self.add(raw)
            return raw

        secrets.token_bytes = token_bytes

    def add(self, raw: bytes) -> None:
        """Take in the bytes of a secret."""
        text = urlsafe_b64encode(raw).rstrip(b"=").decode()
        other = b64encode(raw).rstrip(b"=").decode()
        self._minted.extend({text, other, raw.hex()})

    def __len__(self) -> int:
        return len(self._minted)

    def leaks(self, texts: Iterable[str]) -> list[str]:
        """Return the secrets that stand somewhere in *texts*."""
        words = {word for text in texts for word in _WORD.findall(text)}
        return [each for each in self._minted if any(each in word for word in words)]
