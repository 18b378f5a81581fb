"""Prompts: the opening words of tasks that people really do in Confluence."""

from typing import Annotated

from pydantic import Field

from telamon.plugin import prompt
from telamon_confluence import scopes
from telamon_confluence.arguments import PageRef, SpaceRef
from telamon_confluence.client import Confluence
from telamon_confluence.completion import complete_page, complete_space

IssueKey = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,40}-[0-9]{1,15}$")]


@prompt(
    scopes.WRITE_PAGES,
    scopes.READ_SPACES,
    scopes.SEARCH,
    title="Write a page from a Jira issue",
    complete={"space": complete_space},
)
async def page_from_issue(confluence: Confluence, *, issue_key: IssueKey, space: SpaceRef) -> str:
    """Turn a Jira issue into a Confluence page for people who do not read Jira."""
    return (
        f"Read the Jira issue {issue_key.upper()} with getJiraIssue, including its comments. "
        f"Look with searchConfluenceUsingCql whether the Confluence space {space} on "
        f"{confluence.api.site.name} already has a page about it, and tell me if so. "
        "Otherwise draft a page in Markdown: what the matter is, what was decided and why, what is "
        "still open, and a link to the issue. Keep facts that the issue does not state out of it. "
        "Show me the draft; when I agree, create it with createConfluencePage."
    )


@prompt(
    scopes.READ_PAGES,
    scopes.READ_COMMENTS,
    scopes.SEARCH,
    title="Review a page's open comments",
    complete={"page": complete_page},
)
async def review_open_comments(
    confluence: Confluence,
    *,
    page: Annotated[str, Field(pattern=r"^[0-9]{1,19}(-.{0,300})?$")] | PageRef,
) -> str:
    """Go through the open comments of a page and propose how to settle each of them."""
    del confluence  # the tools read the page
    reference = page.partition("-")[0] if page[:1].isdecimal() else page
    return (
        f"Read the Confluence page {reference} with getConfluencePage, its open and reopened "
        "inline comments with getConfluencePageInlineComments (it lists both "
        "where resolutionStatus is left out) and its footer comments with "
        "getConfluencePageFooterComments; read the replies with getConfluenceCommentChildren. "
        "For every comment that is not settled, say in one line what is asked and by whom, quote "
        "the passage it is about, and propose an answer or a change to the page. Point out "
        "comments that contradict each other. Change nothing and answer nobody before I agree."
    )
