"""The Confluence part of the emulated Atlassian Cloud."""

from telamon_confluence.sandbox.emulator import ConfluenceEmulator

__all__ = ["ConfluenceEmulator"]
