"""How many sign-ins one caller may have open that no person has approved yet."""

from collections import OrderedDict, defaultdict


class OpenSignIns:
    """Remembers unapproved sign-ins by caller, within bounds.

    A caller over its limit loses its oldest one instead of being refused: who comes once more after
    a pop-up was blocked must get through, and whoever floods only pushes out their own.
    """

    def __init__(self, *, per_caller: int, most: int = 20_000) -> None:
        self._per_caller = per_caller
        self._most = most
        self._caller_of: OrderedDict[str, str] = OrderedDict()
        self._of_caller: defaultdict[str, list[str]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._caller_of)

    def add(self, caller: str, transaction_id: str) -> str | None:
        """Note a new one; return the one that has to go for it, if any."""
        self._caller_of[transaction_id] = caller
        mine = self._of_caller[caller]
        mine.append(transaction_id)
        surplus = mine[0] if len(mine) > self._per_caller else None
        if surplus is not None:
            self.close(surplus)
        elif len(self._caller_of) > self._most:
            self.close(next(iter(self._caller_of)))
        return surplus

    def close(self, transaction_id: str) -> None:
        """Forget one: a person approved it, or it is over."""
        caller = self._caller_of.pop(transaction_id, None)
        if caller is None:
            return
        mine = self._of_caller[caller]
        mine.remove(transaction_id)
        if not mine:
            del self._of_caller[caller]
