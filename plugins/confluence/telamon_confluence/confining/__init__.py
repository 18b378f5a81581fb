"""Keeps Confluence within the spaces an operator allows. What it does not know, it refuses."""

from telamon.plugin import Containers
from telamon_confluence.confining.guard import ConfluenceGuard
from telamon_confluence.confining.spaces import SPACE_KEY

CONTAINERS = Containers(noun="spaces", key=SPACE_KEY.pattern, guard=ConfluenceGuard)
