"""Files on issues."""

from telamon.plugin import SandboxResponse
from telamon_jira.sandbox import shapes
from telamon_jira.sandbox.operations.routing import Routes, nothing, ok
from telamon_jira.sandbox.problems import Refused
from telamon_jira.sandbox.state import Attachment, Issue
from telamon_jira.sandbox.view import View

LIMIT = 10 * 1024 * 1024


def _find(view: View, identifier: str) -> tuple[Issue, Attachment]:
    for issue in view.issues():
        for attachment in issue.attachments:
            if str(attachment.id) == identifier:
                return issue, attachment
    raise Refused(404, f"The attachment with id '{identifier}' does not exist")


def add(view: View, issue_id_or_key: str) -> SandboxResponse:
    """POST a multipart ``file``."""
    issue = view.editable(issue_id_or_key)
    file = view.request.file
    if file is None:
        raise Refused(400, "No file was sent in the multipart field 'file'.")
    if len(file.content) > LIMIT:
        raise Refused(413, f"The attachment is larger than {LIMIT} bytes.")
    made = Attachment(
        id=view.state.new_id(),
        author=view.account_id,
        filename=file.filename,
        media_type=file.media_type,
        content=file.content,
        created=view.now,
    )
    issue.attachments.append(made)
    issue.values["updated"] = view.now
    return ok([shapes.attachment(view, made)])


def meta(view: View, id_: str) -> SandboxResponse:
    """GET what a file is."""
    return ok(shapes.attachment(view, _find(view, id_)[1]))


def content(view: View, id_: str) -> SandboxResponse:
    """GET a file's bytes, as with ``redirect=false``."""
    found = _find(view, id_)[1]
    name = found.filename.replace('"', "")
    return SandboxResponse(
        content=found.content,
        headers={
            "Content-Type": found.media_type,
            "Content-Disposition": f'attachment; filename="{name}"',
        },
    )


def delete(view: View, id_: str) -> SandboxResponse:
    """DELETE a file."""
    issue, found = _find(view, id_)
    view.require_edit(view.project_of(issue))
    issue.attachments.remove(found)
    return nothing()


ROUTES: Routes = {
    "POST /rest/api/3/issue/{issueIdOrKey}/attachments": add,
    "GET /rest/api/3/attachment/{id}": meta,
    "GET /rest/api/3/attachment/content/{id}": content,
    "DELETE /rest/api/3/attachment/{id}": delete,
}
