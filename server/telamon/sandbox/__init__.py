"""An emulated Atlassian Cloud for demonstrations and tests; it runs only when it is composed."""

from telamon.sandbox.sandbox import Sandbox
from telamon.sandbox.world import PEOPLE, SITES

__all__ = ["PEOPLE", "SITES", "Sandbox"]
