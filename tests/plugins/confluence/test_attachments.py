import pytest
from fakes.confluence_user import PRODUCT, PageId, User
from pydantic import ValidationError

from telamon.plugin import Download, Embedded, Image, InvalidArgument, NotFound, Text, TooLarge
from telamon.plugin.testing import FakeApi
from telamon_confluence.client import Confluence
from telamon_confluence.files import blocks, clean_name
from telamon_confluence.settings import ConfluenceSettings
from telamon_confluence.tools.attachments import attached

[ATTACHMENT] = [each for each in PRODUCT.resources if each.name == "confluenceAttachment"]


async def attachment_of(user: User, page: str) -> dict[str, object]:
    answer = await user.read("listConfluenceAttachments", pageId=page)
    [found] = answer["attachments"]
    return dict(found)


async def test_attached_files_are_listed_without_their_content(ada: User, page_id: PageId) -> None:
    found = await attachment_of(ada, page_id("Release plan"))

    assert found["filename"] == "plan.png"
    assert found["mediaType"] == "image/png"
    assert str(found["id"]).startswith("att")
    assert str(found["url"]).startswith("https://ferry.example.com/wiki/pages/")


async def test_attached_files_are_narrowed_by_name_and_type(ada: User, page_id: PageId) -> None:
    number = page_id("Fares")

    named = await ada.read("listConfluenceAttachments", pageId=number, filename="fares.csv")
    other = await ada.read("listConfluenceAttachments", pageId=number, mediaType="image/png")

    assert len(named["attachments"]) == 1
    assert other["attachments"] == []


async def test_an_image_is_given_to_look_at(ada: User, page_id: PageId) -> None:
    found = await attachment_of(ada, page_id("Release plan"))

    shown = await ada.call("downloadConfluenceAttachment", attachmentId=found["id"])

    assert isinstance(shown, list)
    head, image = shown
    assert head == Text(f"plan.png (image/png, {found['size']} bytes)")
    assert isinstance(image, Image)
    assert image.data.startswith(b"\x89PNG")


async def test_text_is_given_to_read(ada: User, page_id: PageId) -> None:
    found = await attachment_of(ada, page_id("Fares"))

    shown = await ada.call(
        "downloadConfluenceAttachment", attachmentId=str(found["id"]).removeprefix("att")
    )

    assert isinstance(shown, list)
    assert isinstance(shown[1], Embedded)
    assert shown[1].uri == f"confluence://ferry.example.com/attachment/{found['id']}"
    assert str(shown[1].data).startswith("route,adult,child")


@pytest.mark.row("SEC-I12")
async def test_a_file_over_the_cap_is_never_asked_for(ada: User, page_id: PageId) -> None:
    found = await attachment_of(ada, page_id("Fares"))
    ada.settings = ConfluenceSettings(attachment_download_limit=10)
    ada.api.requests.clear()

    with pytest.raises(TooLarge, match="at most 10 are read"):
        await ada.call("downloadConfluenceAttachment", attachmentId=found["id"])

    assert [sent.path for sent in ada.api.requests] == [f"/wiki/api/v2/attachments/{found['id']}"]


@pytest.mark.row("SEC-I12")
@pytest.mark.parametrize(
    ("said", "content"),
    [
        ("text/html", b"<script>"),
        ("image/svg+xml", b"<svg onload='x'/>"),
        ("image/png", b"<html>"),
        ("text/plain", b"\xff\xfe\x00"),
        ("", b"?"),
        ("application/zip", b"PK"),
    ],
)
def test_what_a_client_might_run_goes_out_as_plain_octets(said: str, content: bytes) -> None:
    shown = blocks(Download(content=content, media_type=""), "x", said, "confluence://s/x")

    assert shown[1] == Embedded("confluence://s/x", content, "application/octet-stream")


@pytest.mark.row("SEC-I11")
@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("plan.png", "plan.png"),
        ("../../etc/passwd", "_etc_passwd"),
        ("C:\\temp\\a.txt", "C_temp_a.txt"),
        ("a\r\nb.txt", "ab.txt"),
        ("gnp.\u202etxt", "gnp.txt"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("", "file"),
        ("...", "file"),
        ("\x00", "file"),
        ("a" * 4096 + ".pdf", "a" * 146 + ".pdf"),
        ("b" * 4096, "b" * 150),
        ("fu\u0308r.txt", "f\u00fcr.txt"),
    ],
)
def test_file_names_are_cleaned(given: str, cleaned: str) -> None:
    assert clean_name(given) == cleaned


@pytest.mark.row("SEC-I02")
@pytest.mark.parametrize("number", ["att", "../1", "att1/2", "1?x", "att%2e"])
async def test_a_strange_attachment_id_never_reaches_a_request(ada: User, number: str) -> None:
    with pytest.raises(ValidationError):
        await ada.call("downloadConfluenceAttachment", attachmentId=number)
    with pytest.raises(InvalidArgument):
        await ATTACHMENT.run(ada.client, id=number)

    assert ada.api.requests == []


async def test_a_file_is_a_resource(ada: User, page_id: PageId) -> None:
    found = await attachment_of(ada, page_id("Fares"))

    read = await ATTACHMENT.run(ada.client, id=str(found["id"]))

    assert isinstance(read, Embedded)
    assert read.media_type == "text/csv"


async def test_the_files_of_what_somebody_may_not_see_are_not_found(
    ada: User, ben: User, page_id: PageId
) -> None:
    found = await attachment_of(ada, page_id("Fares"))
    page = next(
        item
        for item in ben.api.emulator._sites[ben.api.site.cloud_id].contents.values()  # type: ignore[attr-defined]  # the emulator's own state
        if item.title == "Fares"
    )
    page.restricted = {"read": frozenset({ada.api.account_id})}

    with pytest.raises(NotFound):
        await ben.call("downloadConfluenceAttachment", attachmentId=found["id"])


async def test_a_file_that_is_on_no_page_cannot_be_read() -> None:
    api = FakeApi(answers={("GET", "/wiki/api/v2/attachments/att1"): {"id": "att1"}})

    with pytest.raises(NotFound, match="neither a page nor a blog post"):
        await attached(Confluence(api=api, settings=ConfluenceSettings()), "1")


@pytest.mark.parametrize(
    ("name", "said", "given"),
    [
        ("plan.png", None, "image/png"),
        ("Plan.PNG", "text/html", "image/png"),
        ("fares.csv", "application/octet-stream", "text/csv"),
        ("notes", None, "application/octet-stream"),
        ("notes", "text/plain", "text/plain"),
        ("page.html", None, "application/octet-stream"),
        ("page.html", "text/html", "application/octet-stream"),
        ("drawing.svg", "image/svg+xml", "application/octet-stream"),
        ("run.exe", "application/x-msdownload", "application/octet-stream"),
        ("run.js", "text/javascript", "application/octet-stream"),
    ],
)
async def test_an_uploaded_file_has_the_type_of_its_name_and_none_that_a_browser_runs(
    ada: User, page_id: PageId, name: str, said: str | None, given: str
) -> None:
    more = {} if said is None else {"mediaType": said}

    answer = await ada.read(
        "uploadConfluenceAttachment",
        pageId=page_id("Glossary"),
        filename=name,
        contentBase64="eA==",
        **more,
    )

    assert answer["attachments"][0]["mediaType"] == given
    sent = ada.api.requests[-1].file
    assert sent is not None
    assert sent.media_type == given
