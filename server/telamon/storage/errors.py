"""What can go wrong in the storage, named once. Database drivers' errors never leave this room."""


class StorageUnavailable(Exception):
    """The database cannot be reached or written just now: locked, full, read-only, disconnected.

    Nothing was changed, or the answer to a commit was lost. Retryable; over HTTP it is a 503 with
    ``Retry-After``.
    """


class StorageRefused(Exception):
    """The storage does not open, and the text says why: corrupt, missing, wrong key, newer schema.

    Nothing was changed or deleted. Retrying does not help; the operator has to act.
    """


class Unsealable(Exception):
    """A sealed value does not belong where it was found, was altered, or its key is gone.

    The content is never returned. *table*, *row* and *column* say where it stands.
    """

    def __init__(self, table: str, row: str, column: str) -> None:
        super().__init__(f"the sealed value in {table}.{column} of row {row} cannot be opened")
        self.table = table
        self.row = row
        self.column = column
