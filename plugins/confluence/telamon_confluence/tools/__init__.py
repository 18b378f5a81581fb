"""Confluence's tools, in the order of their groups."""

from telamon.plugin import Tool
from telamon_confluence.client import Confluence
from telamon_confluence.tools import (
    comment_writes,
    comments,
    page_writes,
    pages,
    searching,
    spaces,
)

TOOLS: tuple[Tool[Confluence], ...] = (
    pages.get_confluence_page,
    pages.get_pages_in_confluence_space,
    pages.get_confluence_page_descendants,
    page_writes.create_confluence_page,
    page_writes.update_confluence_page,
    comments.get_confluence_page_footer_comments,
    comments.get_confluence_page_inline_comments,
    comments.get_confluence_comment_children,
    comment_writes.create_confluence_footer_comment,
    comment_writes.create_confluence_inline_comment,
    spaces.get_confluence_spaces,
    searching.search_confluence_using_cql,
)
