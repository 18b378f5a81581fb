"""Files on issues: what is downloaded, as what, and what is sent."""

import base64
from typing import Any

import pytest
from fakes.jira_api import BEN, Sandbox
from pydantic import ValidationError

from telamon.plugin import (
    Download,
    Embedded,
    Forbidden,
    Image,
    InvalidArgument,
    Link,
    NotFound,
    Text,
    TooLarge,
)
from telamon.plugin.testing import FakeApi
from telamon_jira import filenames, register_product
from telamon_jira.client import Jira
from telamon_jira.settings import JiraSettings
from telamon_jira.tools.attachments import read_attachment

PNG = b"\x89PNG\r\n\x1a\n...."


async def ids(jira: Sandbox, key: str) -> dict[str, str]:
    listed = await jira.call("listJiraIssueAttachments", {"issueIdOrKey": key})
    return {file["filename"]: file["id"] for file in listed["attachments"]}


def served(media_type: str, content: bytes, filename: str = "x") -> Jira:
    api = FakeApi(
        answers={
            ("GET", "/rest/api/3/attachment/1"): {
                "filename": filename,
                "size": len(content),
                "mimeType": media_type,
            },
            ("GET", "/rest/api/3/attachment/content/1"): Download(
                content=content, media_type="binary/octet-stream"
            ),
        }
    )
    return Jira(api=api, settings=JiraSettings())


async def test_files_are_listed_with_their_ids(jira: Sandbox) -> None:
    api = jira.api()
    listed = await jira.call("listJiraIssueAttachments", {"issueIdOrKey": "DEMO-3"}, api=api)
    assert api.requests[0].query == {"fields": "attachment"}
    assert [(f["filename"], f["mimeType"]) for f in listed["attachments"]] == [
        ("cart.png", "image/png"),
        ("checkout.log", "text/plain"),
    ]
    assert "content" not in listed["attachments"][0]


async def test_a_picture_is_something_to_look_at(jira: Sandbox) -> None:
    files = await ids(jira, "DEMO-3")
    about, picture = await jira.call(
        "downloadJiraIssueAttachment", {"attachmentId": files["cart.png"]}
    )
    assert isinstance(about, Text)
    assert "cart.png" in about.text
    assert isinstance(picture, Image)
    assert picture.media_type == "image/png"


async def test_text_is_text(jira: Sandbox) -> None:
    files = await ids(jira, "DEMO-3")
    _, log = await jira.call("downloadJiraIssueAttachment", {"attachmentId": files["checkout.log"]})
    assert isinstance(log, Embedded)
    assert isinstance(log.data, str)
    assert "total is NaN" in log.data
    assert log.uri == f"jira://first.example.com/attachment/{files['checkout.log']}"


async def downloaded(jira: Jira) -> Any:
    tool = next(t for t in register_product().tools if t.name == "downloadJiraIssueAttachment")
    return await tool.run(jira, attachment_id="1")


async def test_of_a_long_text_the_beginning_is_read_and_the_whole_linked_to() -> None:
    long = served("text/plain", b"x" * 100_001, "long.log")
    about, begins, link = await downloaded(long)
    assert "100001 characters), of which the first 100000 are here" in about.text
    assert len(begins.data) == 100_000
    assert link == Link("jira://demo.example.com/attachment/1", "long.log", "text/plain")


async def test_a_large_file_is_only_linked_to() -> None:
    _, link = await downloaded(served("application/pdf", b"x" * 100_001, "a.pdf"))
    assert link == Link("jira://demo.example.com/attachment/1", "a.pdf", "application/pdf", 100_001)


async def test_anything_else_is_embedded_bytes(jira: Sandbox) -> None:
    files = await ids(jira, "DEMO-4")
    _, archive = await jira.call(
        "downloadJiraIssueAttachment", {"attachmentId": files["prices.zip"]}
    )
    assert isinstance(archive, Embedded)
    assert isinstance(archive.data, bytes)
    assert archive.media_type == "application/zip"


@pytest.mark.row("SEC-I12")
@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("text/html", b"<script>x</script>"),
        ("image/svg+xml", b"<svg onload='x'/>"),
        ("application/xhtml+xml", b"<html/>"),
        ("image/png", b"<html>not a picture</html>"),
        ("image/webp", b"RIFF....WAVE"),
        ("text/plain", b"\xff\xfe\x00x"),
        ("text/plain", b"a\0b"),
        ("application/x-unheard-of", b"x"),
        ("", b"x"),
    ],
)
async def test_what_is_no_picture_and_no_text_is_opaque(media_type: str, content: bytes) -> None:
    _, file = await read_attachment(served(media_type, content), "1")
    assert file.media_type == "application/octet-stream"
    assert file.data == content


async def test_a_real_picture_of_any_known_type_keeps_its_type() -> None:
    for media_type, content in (
        ("image/webp", b"RIFF....WEBP"),
        ("image/gif", b"GIF89a"),
        ("image/jpeg; q=1", b"\xff\xd8\xff\xe0"),
        ("IMAGE/PNG", PNG),
    ):
        _, file = await read_attachment(served(media_type, content), "1")
        assert file.media_type == media_type.split(";")[0].lower()


@pytest.mark.row("SEC-I12")
async def test_a_file_over_the_cap_is_not_downloaded(jira: Sandbox) -> None:
    small = Sandbox(settings=JiraSettings(attachment_download_limit=10))
    files = await ids(small, "DEMO-3")
    api = small.api()
    with pytest.raises(TooLarge, match=r"checkout\.log has 78 bytes; at most 10"):
        await small.call(
            "downloadJiraIssueAttachment", {"attachmentId": files["checkout.log"]}, api=api
        )
    assert [r.template for r in api.requests] == ["/rest/api/3/attachment/{id}"]
    del jira


@pytest.mark.row("SEC-I12")
async def test_a_file_that_lies_about_its_size_is_stopped_at_the_cap() -> None:
    client = served("text/plain", b"x" * 20)
    client.api.answers["GET", "/rest/api/3/attachment/1"]["size"] = 1  # type: ignore[attr-defined]
    with pytest.raises(TooLarge):
        await read_attachment(
            Jira(api=client.api, settings=JiraSettings(attachment_download_limit=10)), "1"
        )


async def test_an_attachment_is_a_resource(jira: Sandbox) -> None:
    files = await ids(jira, "DEMO-3")
    resource = next(r for r in register_product().resources if r.name == "attachment")
    file = await resource.run(
        Jira(api=jira.api(), settings=jira.settings), id=files["checkout.log"]
    )
    assert isinstance(file, Embedded)
    assert file.media_type == "text/plain"


async def test_a_file_that_may_not_be_seen_is_not_found(jira: Sandbox) -> None:
    with pytest.raises(NotFound):
        await jira.call("downloadJiraIssueAttachment", {"attachmentId": "1"})


async def test_an_uploaded_file_can_be_downloaded(jira: Sandbox) -> None:
    sent = base64.b64encode(b"a,b\n1,2\n").decode()
    answer = await jira.call(
        "uploadAttachmentToJiraIssue",
        {"issueIdOrKey": "DEMO-7", "filename": "../prices.csv", "contentBase64": sent},
    )
    made = answer["attachments"][0]
    assert (made["filename"], made["mimeType"], made["size"]) == ("prices.csv", "text/csv", 8)
    assert answer["url"] == "https://first.example.com/browse/DEMO-7"
    _, file = await jira.call("downloadJiraIssueAttachment", {"attachmentId": made["id"]})
    assert file.data == "a,b\n1,2\n"


async def test_base64_may_be_broken_into_lines(jira: Sandbox) -> None:
    content = bytes(range(256))
    answer = await jira.call(
        "uploadAttachmentToJiraIssue",
        {
            "issueIdOrKey": "DEMO-7",
            "filename": "all.bin",
            "contentBase64": base64.encodebytes(content).decode(),
        },
    )
    assert answer["attachments"][0]["size"] == len(content)


async def test_a_media_type_is_sent_as_given(jira: Sandbox) -> None:
    answer = await jira.call(
        "uploadAttachmentToJiraIssue",
        {
            "issueIdOrKey": "DEMO-7",
            "filename": "data",
            "contentBase64": "eA==",
            "mediaType": "application/json",
        },
    )
    assert answer["attachments"][0]["mimeType"] == "application/json"


@pytest.mark.parametrize("size", [11, 12, 1000])
async def test_an_upload_over_the_cap_never_reaches_jira(size: int) -> None:
    small = Sandbox(settings=JiraSettings(attachment_upload_limit=10))
    api = small.api()
    with pytest.raises(TooLarge):
        await small.call(
            "uploadAttachmentToJiraIssue",
            {
                "issueIdOrKey": "DEMO-7",
                "filename": "x",
                "contentBase64": base64.b64encode(b"x" * size).decode(),
            },
            api=api,
        )
    assert api.requests == []


async def test_what_is_no_base64_never_reaches_jira(jira: Sandbox) -> None:
    api = jira.api()
    wrong: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"contentBase64": "?"}, InvalidArgument),
        ({"contentBase64": "eA"}, InvalidArgument),
        ({"contentBase64": "data:text/plain;base64,eA=="}, InvalidArgument),
        ({"contentBase64": ""}, ValidationError),
        ({"contentBase64": "eA==", "mediaType": "text/plain\r\nX: y"}, ValidationError),
    ]
    for arguments, error in wrong:
        with pytest.raises(error):
            await jira.call(
                "uploadAttachmentToJiraIssue",
                {"issueIdOrKey": "DEMO-7", "filename": "x", **arguments},
                api=api,
            )
    assert api.requests == []


async def test_somebody_who_may_only_read_cannot_attach(jira: Sandbox) -> None:
    with pytest.raises(Forbidden):
        await jira.call(
            "uploadAttachmentToJiraIssue",
            {"issueIdOrKey": "OPS-1", "filename": "x", "contentBase64": "eA=="},
            person=BEN,
        )


@pytest.mark.row("SEC-I04", "SEC-I11")
@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("report.pdf", "report.pdf"),
        ("../../x", "x"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/etc/passwd", "passwd"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("lpt1.tar.gz", "_lpt1.tar.gz"),
        ("a\r\nContent-Type: x", "aContent-Type x"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("zero\u200bwidth\u2066.txt", "zerowidth.txt"),
        ('quo"te<>|?*.txt', "quote.txt"),
        ("", "file"),
        ("..", "file"),
        ("./", "file"),
        (" .hidden ", "hidden"),
        ("Ärger.txt", "Ärger.txt"),
        ("x" * 4096 + ".txt", "x" * 146 + ".txt"),
        ("x." + "y" * 4096, "x." + "y" * 148),
    ],
)
def test_a_file_name_is_one_plain_name(given: str, cleaned: str) -> None:
    assert filenames.clean_name(given) == cleaned


def test_a_type_is_guessed_from_the_name() -> None:
    assert filenames.type_of("a.png") == "image/png"
    assert filenames.type_of("a") == "application/octet-stream"
