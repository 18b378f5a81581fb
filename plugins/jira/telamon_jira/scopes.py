"""The Atlassian scopes that Jira tools need, with the words the consent page shows for them.

Classic scopes for the Jira platform, granular ones for Jira Software, whose operations accept
nothing else.
"""

from telamon.plugin import Scope

READ_WORK = Scope("read:jira-work", "read Jira projects, issues, comments, work logs and files")
WRITE_WORK = Scope(
    "write:jira-work", "create, change, move and delete Jira issues, comments and files", "write"
)
READ_USER = Scope("read:jira-user", "look up people in Jira")
MANAGE_PROJECT = Scope(
    "manage:jira-project", "create and change versions and components of Jira projects", "manage"
)

READ_BOARD = Scope("read:board-scope:jira-software", "read Jira boards and backlogs")
WRITE_BOARD = Scope("write:board-scope:jira-software", "move issues on Jira boards", "write")
READ_SPRINT = Scope("read:sprint:jira-software", "read Jira sprints")
WRITE_SPRINT = Scope("write:sprint:jira-software", "plan, start and complete Jira sprints", "write")
READ_EPIC = Scope("read:epic:jira-software", "read Jira epics")
WRITE_ISSUE_RANK = Scope("write:issue:jira-software", "rank Jira issues", "write")
READ_ISSUE_DETAILS = Scope("read:issue-details:jira", "read the issues of Jira boards and sprints")
READ_PROJECT = Scope("read:project:jira", "read which Jira project a board belongs to")
READ_JQL = Scope("read:jql:jira", "narrow the issues of a sprint or an epic by JQL")
