"""Keeps Jira within the projects that an operator allows. What it does not know, it refuses."""

from telamon.plugin import Containers
from telamon_jira.confining.guard import JiraGuard

CONTAINERS = Containers(noun="projects", guard=JiraGuard)
