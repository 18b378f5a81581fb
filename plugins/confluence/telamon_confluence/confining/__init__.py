"""Keeps Confluence within the spaces an operator allows. What it does not know, it refuses."""

from telamon.plugin import Containers
from telamon_confluence.confining.guard import ConfluenceGuard

CONTAINERS = Containers(noun="spaces", guard=ConfluenceGuard)
