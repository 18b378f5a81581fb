"""Every Jira tool, in the order in which they are listed."""

from telamon.plugin import Tool
from telamon_jira.client import Jira
from telamon_jira.tools import comments, issues, links, people, projects, search, transitions

TOOLS: tuple[Tool[Jira], ...] = (
    issues.get_jira_issue,
    search.search_jira_issues_using_jql,
    search.count_jira_issues,
    issues.create_jira_issue,
    issues.edit_jira_issue,
    transitions.get_transitions_for_jira_issue,
    transitions.transition_jira_issue,
    comments.list_jira_issue_comments,
    comments.add_comment_to_jira_issue,
    comments.list_jira_issue_worklogs,
    comments.add_worklog_to_jira_issue,
    links.get_jira_issue_remote_issue_links,
    links.get_issue_link_types,
    links.create_issue_link,
    projects.get_visible_jira_projects,
    projects.get_jira_project_issue_types_metadata,
    projects.get_jira_issue_type_meta_with_fields,
    people.lookup_jira_account_id,
)
