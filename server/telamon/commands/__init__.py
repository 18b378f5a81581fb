"""The command line: one module a command, no logic that a test would want to reach otherwise."""

from telamon.commands.group import cli

__all__ = ["cli"]
