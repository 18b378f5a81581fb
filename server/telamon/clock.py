"""What time it is: a function, so that tests can hold it still."""

from collections.abc import Callable

Clock = Callable[[], float]
"""Returns Unix seconds, like :func:`time.time`."""
