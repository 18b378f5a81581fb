"""What can go wrong in the storage, named once. Database drivers' errors never leave this room."""


class StorageUnavailable(Exception):
    """The database cannot be reached or written just now: locked, full, read-only, disconnected.

    Nothing was changed, or the answer to a commit was lost. Retryable; over HTTP it is a 503 with
    ``Retry-After``.
    """


class KeyMissing(StorageUnavailable):
    """A value is sealed under a key that this process was not given. Nothing is wrong with it.

    So it is during a rotation in the wrong order; what does not open here opens elsewhere.
    """

    def __init__(self, key_id: str) -> None:
        super().__init__(f"encryption key {key_id!r} is not among the keys of this process")


class StorageRefused(Exception):
    """The storage does not open, and the text says why: corrupt, missing, wrong key, newer schema.

    Nothing was changed or deleted. Retrying does not help; the operator has to act.
    """


class Unsealable(Exception):
    """A sealed value does not belong where it was found, or was altered.

    The content is never returned. *table*, *row* and *column* say where it stands.
    """

    def __init__(self, table: str, row: str, column: str) -> None:
        super().__init__(f"the sealed value in {table}.{column} of row {row} cannot be opened")
        self.table = table
        self.row = row
        self.column = column
