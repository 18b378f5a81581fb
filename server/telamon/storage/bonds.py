"""What ties a code or token to whose it is: a MAC, so that writing to the database moves neither.

The key comes from the data root: a rotation of the encryption keys leaves every bond as it is.
"""

import hmac
import json
from collections.abc import Sequence
from typing import Any, Literal

import structlog

from telamon.storage.lookup import Lookup
from telamon.storage.records import Family

Bound = Literal["code", "access", "refresh"]
_log = structlog.get_logger(__name__)


class Bonds:
    """Bonds of codes and tokens with account, client, site and scopes, their own and the family's.

    Not with the grant, which a later sign-in replaces: a grant's tokens open for its own account
    alone, and custody hands them out to nobody else.
    """

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def of(self, kind: Bound, key: bytes, scopes: Sequence[str], family: Family) -> bytes:
        """Return the bond of the code or token with the hash *key*."""
        whose = [family.id, family.account_id, family.client_id, family.cloud_id, family.site_url]
        said = [kind, key.hex(), *scopes], [*whose, family.resource, *family.scopes]
        return self._lookup.hash("bond", json.dumps(said))

    def hold(self, kind: Bound, row: Any, family: Family) -> bool:
        """Tell whether *row* is still *family*'s; if not, somebody has written to the database."""
        bond = self.of(kind, row.hash, row.scopes, family)
        if hmac.compare_digest(row.bond or b"", bond):
            return True
        _log.error("token.bond.broken", kind=kind, family_id=family.id)
        return False
