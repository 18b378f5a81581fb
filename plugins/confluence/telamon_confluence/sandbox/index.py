"""What the emulated search finds: everything that the asking person may see, as index entries."""

from collections.abc import Iterator

from telamon.plugin import Person
from telamon_confluence.sandbox.cql_meaning import Entry
from telamon_confluence.sandbox.passages import plain
from telamon_confluence.sandbox.records import Content
from telamon_confluence.sandbox.site import SiteState


def entries(state: SiteState, person: Person) -> list[Entry]:
    """Return what *person* can find on a site: content, comments, attachments and spaces."""
    seen = {
        content.id: content
        for content in state.contents.values()
        if content.status == "current" and state.sees(person, content)
    }
    found = [_content(state, content) for content in seen.values()]
    found += _comments(state, seen)
    found += _attachments(state, seen)
    found += [
        Entry(
            kind="space",
            id=str(space.id),
            title=space.name,
            text=space.description,
            space=space.key,
            creator=space.author,
            created=space.created,
            modified=space.created,
            labels=frozenset(space.labels),
            record=space,
        )
        for space in state.spaces.values()
        if state.sees_space(person, space)
    ]
    return found


def people_entries(state: SiteState) -> list[Entry]:
    """Return the people of a site."""
    return [
        Entry(
            kind="user",
            id=str(number),
            title=person.name,
            text=person.email,
            space="",
            creator=person.account_id,
            created=0.0,
            modified=0.0,
            record=person,
        )
        for number, person in enumerate(state.people)
    ]


def _content(state: SiteState, content: Content) -> Entry:
    return Entry(
        kind=content.kind,
        id=str(content.id),
        title=content.title,
        text=plain(content.now.body),
        space=state.spaces[content.space].key,
        creator=content.author,
        created=content.created,
        modified=content.now.saved,
        contributors=frozenset(made.author for made in content.versions),
        labels=frozenset(content.labels),
        ancestors=tuple(str(above.id) for above in state.upward(content))[1:],
        record=content,
    )


def _comments(state: SiteState, seen: dict[int, Content]) -> Iterator[Entry]:
    for comment in state.comments.values():
        if on := seen.get(comment.content):
            yield Entry(
                kind="comment",
                id=str(comment.id),
                title=f"Re: {on.title}",
                text=plain(comment.now.body),
                space=state.spaces[on.space].key,
                creator=comment.versions[0].author,
                created=comment.versions[0].saved,
                modified=comment.now.saved,
                contributors=frozenset(made.author for made in comment.versions),
                record=comment,
            )


def _attachments(state: SiteState, seen: dict[int, Content]) -> Iterator[Entry]:
    for attachment in state.attachments.values():
        if (on := seen.get(attachment.content)) and attachment.status == "current":
            yield Entry(
                kind="attachment",
                id=str(attachment.id),
                title=attachment.name,
                text=attachment.now.comment,
                space=state.spaces[on.space].key,
                creator=attachment.versions[0].author,
                created=attachment.versions[0].saved,
                modified=attachment.now.saved,
                contributors=frozenset(made.author for made in attachment.versions),
                record=attachment,
            )
