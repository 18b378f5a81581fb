"""Keeps Jira within the projects that an operator allows. What it does not know, it refuses."""

from telamon.plugin import Containers
from telamon_jira.confining.guard import JiraGuard
from telamon_jira.confining.projects import PROJECT_KEY

CONTAINERS = Containers(noun="projects", key=f"(?i:{PROJECT_KEY.pattern})", guard=JiraGuard)
