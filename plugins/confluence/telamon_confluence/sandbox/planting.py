"""Planting the first day's data: short ways to add spaces, pages, comments and files to a site."""

import uuid
from dataclasses import dataclass

from telamon.plugin import Person
from telamon_confluence.sandbox import passages
from telamon_confluence.sandbox.documents import Node, copy, doc, para
from telamon_confluence.sandbox.records import (
    Attachment,
    Comment,
    Content,
    FileVersion,
    Kind,
    Space,
    Template,
    Version,
)
from telamon_confluence.sandbox.site import SiteState

DAY = 86400.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Planter:
    """Adds records to one site; times are days before the sandbox's first moment."""

    state: SiteState
    first: Person
    second: Person
    start: float

    def ago(self, days: float) -> float:
        """Return the moment *days* before the start."""
        return self.start - days * DAY

    def space(
        self,
        key: str,
        name: str,
        description: str,
        *,
        readers: frozenset[str] | None = None,
        writers: frozenset[str] | None = None,
        labels: tuple[str, ...] = (),
    ) -> Space:
        """Add a space."""
        space = Space(
            id=self.state.new_id(),
            key=key,
            name=name,
            description=description,
            created=self.ago(400),
            author=self.first.account_id,
            readers=readers,
            writers=writers,
            labels=list(labels),
        )
        self.state.spaces[space.id] = space
        return space

    def content(
        self,
        space: Space,
        title: str,
        *bodies: Node,
        kind: Kind = "page",
        parent: Content | None = None,
        by: Person | None = None,
        days: float = 90,
        labels: tuple[str, ...] = (),
        views: int = 12,
    ) -> Content:
        """Add a page, blog post or folder; each of *bodies* is one version, a week apart."""
        author = (by or self.first).account_id
        written = bodies or (doc(),)
        number = self.state.new_id()
        versions = [
            Version(
                number=at,
                author=author if at == 1 else self.first.account_id,
                saved=self.ago(days) + (at - 1) * 7 * DAY,
                body=copy(body),
                title=title,
                message="" if at == 1 else "Brought up to date",
            )
            for at, body in enumerate(written, start=1)
        ]
        content = Content(
            id=number,
            kind=kind,
            space=space.id,
            author=author,
            created=self.ago(days),
            versions=versions,
            parent=parent.id if parent else None,
            position=number,
            labels=list(labels),
            views=views,
        )
        self.state.contents[number] = content
        self.state.keep_tasks(content)
        return content

    def footer(
        self,
        on: Content,
        by: Person,
        text: str | Node,
        *,
        days: float = 5,
        above: Comment | None = None,
    ) -> Comment:
        """Add a footer comment, or a reply to one."""
        return self._comment(on, by, text, days, above)

    def inline(
        self,
        on: Content,
        by: Person,
        selection: str,
        text: str,
        *,
        days: float = 4,
        resolution: str = "open",
    ) -> Comment:
        """Add an inline comment on the first occurrence of *selection*."""
        comment = self._comment(on, by, text, days)
        comment.kind = "inline"
        comment.selection = selection
        comment.marker = str(uuid.uuid5(uuid.NAMESPACE_OID, f"marker/{comment.id}"))
        comment.resolution = resolution
        passages.mark(on.now.body, selection, 0, comment.marker)
        return comment

    def reply(self, above: Comment, by: Person, text: str, *, days: float = 3) -> Comment:
        """Add a reply to a comment of either kind."""
        on = self.state.contents[above.content]
        comment = self._comment(on, by, text, days, above)
        comment.kind = above.kind
        return comment

    def file(
        self,
        on: Content,
        name: str,
        media_type: str,
        data: bytes,
        *,
        file_id: str,
        comment: str = "",
    ) -> Attachment:
        """Attach a file."""
        made = FileVersion(
            number=1,
            author=self.first.account_id,
            saved=self.ago(30),
            data=data,
            media_type=media_type,
            comment=comment,
        )
        attachment = Attachment(
            id=self.state.new_id(), content=on.id, name=name, file_id=file_id, versions=[made]
        )
        self.state.attachments[attachment.id] = attachment
        return attachment

    def template(
        self, name: str, description: str, storage: str, space: Space | None = None
    ) -> Template:
        """Add a page template."""
        template = Template(
            id=self.state.new_id(),
            name=name,
            description=description,
            storage=storage,
            space=space.id if space else None,
        )
        self.state.templates[template.id] = template
        return template

    def _comment(
        self,
        on: Content,
        by: Person,
        text: str | Node,
        days: float,
        above: Comment | None = None,
    ) -> Comment:
        body = doc(para(text)) if isinstance(text, str) else text
        made = Version(number=1, author=by.account_id, saved=self.ago(days), body=body)
        comment = Comment(
            id=self.state.new_id(),
            kind="footer",
            content=on.id,
            versions=[made],
            parent=above.id if above else None,
        )
        self.state.comments[comment.id] = comment
        return comment
