"""A few tools over the server's real Api and sandbox: what no fake in between could show."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fakes.cloud import ADA, DEMO, Cloud, Keeper, Pauses, Ticking, cloud

from telamon.plugin import Conflict, Embedded, Image, NotFound, Rejected
from telamon.plugin.testing import FakeCall
from telamon.storage import KeyRing, Storage, new_key, open_storage
from telamon_confluence import register_product
from telamon_confluence.client import Confluence
from telamon_confluence.settings import ConfluenceSettings

PRODUCT = register_product()
TOOLS = {tool.name: tool for tool in PRODUCT.tools}
SCOPES = ("offline_access", "read:me", *sorted(scope.name for scope in PRODUCT.scopes))


@pytest.fixture
async def storage(tmp_path: Path, clock: Ticking) -> AsyncIterator[Storage]:
    keys = KeyRing.parse([new_key()])
    storage = await open_storage(f"sqlite:///{tmp_path}/telamon.db", keys=keys, clock=clock)
    yield storage
    await storage.close()


@pytest.fixture
async def atlassian(clock: Ticking, unused_tcp_port: int) -> AsyncIterator[Cloud]:
    async with cloud(clock, unused_tcp_port, PRODUCT) as running:
        yield running


@pytest.fixture
async def confluence(
    atlassian: Cloud, storage: Storage, clock: Ticking
) -> AsyncIterator[Confluence]:
    keeper = Keeper(cloud=atlassian, storage=storage, clock=clock, pauses=Pauses(clock.advance))
    grant = await keeper.signed_in(account_id=ADA.account_id, scopes=SCOPES)
    api = keeper.api(grant, DEMO, PRODUCT)
    yield Confluence(api=api, settings=ConfluenceSettings(), pause=Pauses(clock.advance))
    assert await keeper.tasks.drain(10) == 0


async def call(confluence: Confluence, name: str, **arguments: Any) -> Any:
    return await TOOLS[name].call(confluence, FakeCall(), arguments)


async def found(confluence: Confluence, title: str) -> str:
    answer = await call(confluence, "searchConfluenceUsingCql", cql=f'title = "{title}"')
    return str(answer["results"][0]["id"])


async def test_a_page_is_made_read_changed_and_found(confluence: Confluence) -> None:
    made = await call(
        confluence, "createConfluencePage", spaceId="DEMO", title="Grüße & Küsse", body="# Eins"
    )
    await call(
        confluence, "updateConfluencePage", pageId=made["id"], body="# Zwei", versionMessage="2"
    )
    read = await call(confluence, "getConfluencePage", pageId=made["url"])

    assert read["title"] == "Grüße & Küsse"
    assert read["body"] == "# Zwei"
    assert read["versionMessage"] == "2"
    assert await found(confluence, "Grüße & Küsse") == made["id"]


async def test_lists_and_cursors_travel(confluence: Confluence) -> None:
    two = await call(confluence, "getConfluenceSpaces", keys=["DEMO", "TEAM"], sort="key", limit=1)
    rest = await call(
        confluence,
        "getConfluenceSpaces",
        keys=["DEMO", "TEAM"],
        sort="key",
        limit=1,
        cursor=two["cursor"],
    )
    first = await call(confluence, "searchConfluenceUsingCql", cql="type = page", limit=3)
    second = await call(
        confluence, "searchConfluenceUsingCql", cql="type = page", limit=3, cursor=first["cursor"]
    )

    assert [space["key"] for space in two["spaces"] + rest["spaces"]] == ["DEMO", "TEAM"]
    assert not {r["id"] for r in first["results"]} & {r["id"] for r in second["results"]}


async def test_a_file_goes_up_and_comes_down(confluence: Confluence) -> None:
    number = await found(confluence, "Glossary")
    made = await call(
        confluence,
        "uploadConfluenceAttachment",
        pageId=number,
        filename="Grüße.txt",
        contentBase64=base64.b64encode("grüße\n".encode()).decode(),
        mediaType="text/plain",
        comment="Wörter",
    )
    file = made["attachments"][0]

    _, shown = await call(confluence, "downloadConfluenceAttachment", attachmentId=file["id"])

    assert file["filename"] == "Grüße.txt"
    assert isinstance(shown, Embedded)
    assert shown.data == "grüße\n"


async def test_an_image_is_seen(confluence: Confluence) -> None:
    number = await found(confluence, "Release plan")
    listed = await call(confluence, "listConfluenceAttachments", pageId=number)

    _, image = await call(
        confluence, "downloadConfluenceAttachment", attachmentId=listed["attachments"][0]["id"]
    )

    assert isinstance(image, Image)


async def test_a_comment_and_its_author_are_read(confluence: Confluence) -> None:
    number = await found(confluence, "Release plan")

    answer = await call(confluence, "getConfluencePageFooterComments", pageId=number)

    assert answer["comments"][0]["author"]["name"] == "Ben Example"


async def test_labels_are_written_as_a_list_and_removed_by_name(confluence: Confluence) -> None:
    number = await found(confluence, "Glossary")

    added = await call(confluence, "addConfluenceLabels", pageId=number, labels=["c++", "ä-ö"])
    await call(confluence, "removeConfluenceLabel", pageId=number, label="c++")
    left = await call(confluence, "listConfluenceContentLabels", pageId=number)

    assert added["labels"] == ["reference", "c++", "ä-ö"]
    assert [label["name"] for label in left["labels"]] == ["reference", "ä-ö"]


async def test_a_tree_is_copied_and_waited_for(confluence: Confluence) -> None:
    answer = await call(
        confluence,
        "copyConfluencePage",
        pageId=await found(confluence, "Runbooks"),
        parentId=await found(confluence, "Reference"),
        withDescendants=True,
        titlePrefix="Copy of ",
    )

    assert answer["finished"] is True


async def test_restrictions_are_read_and_set(confluence: Confluence) -> None:
    number = await found(confluence, "Glossary")

    answer = await call(
        confluence,
        "setConfluencePageRestrictions",
        pageId=number,
        readUsers=[ADA.account_id],
    )

    assert answer["restrictions"]["read"]["users"][0]["accountId"] == ADA.account_id


async def test_what_confluence_refuses_is_said_in_its_words(confluence: Confluence) -> None:
    with pytest.raises(Rejected, match="title already exists"):
        await call(confluence, "createConfluencePage", spaceId="DEMO", title="Roadmap", body="x")
    with pytest.raises(Rejected, match="Could not parse cql"):
        await call(confluence, "searchConfluenceUsingCql", cql="title ~")
    with pytest.raises(NotFound):
        await call(confluence, "getConfluencePage", pageId="1")
    with pytest.raises(Conflict, match="at version 3, saved by Ada Example"):
        await call(
            confluence,
            "updateConfluencePageSection",
            pageId=await found(confluence, "Release plan"),
            heading="Risks",
            body="None.",
            version=2,
        )
