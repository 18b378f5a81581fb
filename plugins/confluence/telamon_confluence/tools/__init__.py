"""Confluence's tools, in the order of their groups."""

from telamon.plugin import Tool
from telamon_confluence.client import Confluence
from telamon_confluence.tools import (
    attachments,
    blogs,
    comment_writes,
    comments,
    history,
    labels,
    page_writes,
    pages,
    searching,
    spaces,
    tasks,
    templates,
    trees,
)

TOOLS: tuple[Tool[Confluence], ...] = (
    pages.get_confluence_page,
    pages.get_pages_in_confluence_space,
    pages.get_confluence_page_descendants,
    trees.get_confluence_page_ancestors,
    history.get_confluence_page_versions,
    history.compare_confluence_page_versions,
    history.get_confluence_page_views,
    blogs.list_confluence_blog_posts,
    trees.get_confluence_folder,
    labels.list_confluence_content_labels,
    tasks.list_confluence_tasks,
    attachments.list_confluence_attachments,
    attachments.download_confluence_attachment,
    templates.list_confluence_templates,
    templates.get_confluence_template,
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
