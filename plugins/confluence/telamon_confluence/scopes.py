"""The Atlassian scopes that Confluence tools need, in the words the consent page shows.

Confluence's REST API v2 accepts granular scopes only, v1 takes the classic ones.
"""

from telamon.plugin import Scope

READ_PAGES = Scope("read:page:confluence", "read pages and blog posts you can see")
WRITE_PAGES = Scope("write:page:confluence", "create and change pages and blog posts", "write")
READ_SPACES = Scope("read:space:confluence", "see spaces and their details")
READ_COMMENTS = Scope("read:comment:confluence", "read comments on pages and blog posts")
WRITE_COMMENTS = Scope("write:comment:confluence", "write and change comments", "write")
READ_TREE = Scope(
    "read:hierarchical-content:confluence", "see how pages and folders are arranged in trees"
)
READ_USERS = Scope("read:user:confluence", "see the names of people in Confluence")
SEARCH = Scope("search:confluence", "search the Confluence content you can see")
READ_METADATA = Scope("read:content.metadata:confluence", "see where pages stand and what they are")
READ_FOLDERS = Scope("read:folder:confluence", "see folders")
READ_TASKS = Scope("read:task:confluence", "see the tasks on pages")
READ_ATTACHMENTS = Scope("read:attachment:confluence", "see which files are attached to pages")
DOWNLOAD_ATTACHMENTS = Scope(
    "readonly:content.attachment:confluence", "download files attached to pages"
)
READ_SUMMARIES = Scope(
    "read:confluence-content.summary", "see how often pages are viewed, and page templates"
)
READ_PROGRESS = Scope(
    "read:confluence-space.summary", "see a summary of spaces and how far long work has got"
)
CHANGE_CONTENT = Scope(
    "write:confluence-content", "move, copy, archive, restore, label and restrict pages", "write"
)
UPLOAD_FILES = Scope("write:confluence-file", "attach files to pages", "write")
WRITE_FOLDERS = Scope("write:folder:confluence", "create folders", "write")
WRITE_TASKS = Scope("write:task:confluence", "tick and untick tasks on pages", "write")
DELETE_PAGES = Scope("delete:page:confluence", "move pages and blog posts to the trash", "delete")
DELETE_ATTACHMENTS = Scope(
    "delete:attachment:confluence", "move attached files to the trash", "delete"
)
DELETE_COMMENTS = Scope("delete:comment:confluence", "delete comments for good", "delete")
CHECK_PERMISSIONS = Scope(
    "read:confluence-content.permission", "see what somebody may do with a page"
)
READ_PEOPLE = Scope("read:content-details:confluence", "look people up, and see details of pages")
READ_RESTRICTIONS = Scope("read:confluence-content.all", "read pages and who may see them")
