from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from fakes.cloud import Keeper
from fakes.gadgets import ROOT, Gadgets
from yarl import URL

from telamon.atlassian.cleaning import clean, file_name
from telamon.atlassian.files import media_address
from telamon.plugin import InvalidArgument, TooLarge, Unavailable, Upload
from telamon.settings import AtlassianSettings

FILE, UPLOAD = f"{ROOT}/file/{{file}}", f"{ROOT}/file"


@pytest.fixture
async def api(keeper: Keeper) -> Any:
    return keeper.api(await keeper.signed_in())


@pytest.mark.row("SEC-U11")
async def test_a_download_follows_one_redirect_to_the_media_host_without_the_token(
    api: Any, keeper: Keeper
) -> None:
    found = await api.download(FILE, limit=100, file="1")
    assert (found.content, found.media_type, found.filename) == (
        b"the file",
        "text/plain",
        "résumé.txt",
    )
    # The media host of the sandbox refuses a request that brings a token.
    asked, fetched = list(keeper.cloud.sandbox.journal.entries)[-2:]
    assert (asked.status, fetched.status) == (303, 200)
    assert fetched.raw_path.startswith("/_media/")


async def test_a_download_without_redirect_is_taken_as_it_comes(api: Any, keeper: Keeper) -> None:
    found = await api.download(FILE, {"redirect": False}, limit=8, file="1")
    assert found.content == b"the file"
    assert keeper.cloud.requests[-1].query == {"redirect": ["false"]}


@pytest.mark.row("SEC-U11", "SEC-I12")
@pytest.mark.parametrize("query", [{}, {"redirect": False}])
async def test_a_file_over_the_limit_is_refused(api: Any, query: Any) -> None:
    with pytest.raises(TooLarge, match="7 bytes"):
        await api.download(FILE, query, limit=7, file="1")


async def test_a_download_is_a_read_and_is_repeated(api: Any, keeper: Keeper) -> None:
    keeper.cloud.fail("status", status=503)
    assert (await api.download(FILE, limit=100, file="1")).content == b"the file"


@pytest.mark.row("SEC-U11")
@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example.com/x",
        "https://localhost.evil.example.com/x",
        "//evil.example.com/x",
        "ftp://localhost/x",
        "http://user:pass@localhost/x",
        "http://[bad",
        "http://localhost:99999999/x",
        "",
        "/ex/jira/other",
    ],
)
async def test_a_redirect_anywhere_else_is_not_followed(
    api: Any, keeper: Keeper, location: str
) -> None:
    keeper.cloud.fail("redirect", location=location)
    before = len(keeper.cloud.sandbox.journal.entries)
    with pytest.raises(Unavailable, match="host that is not allowed"):
        await api.download(FILE, limit=100, file="1")
    assert len(keeper.cloud.sandbox.journal.entries) == before + 1


@pytest.mark.row("SEC-U11")
def test_from_a_real_atlassian_only_https_on_the_usual_port_is_followed() -> None:
    settings = AtlassianSettings.model_validate({"client_id": "a", "client_secret": "b"})
    asked = URL("https://api.atlassian.com/ex/jira/c/x")

    def to(location: str) -> bool:
        return media_address(settings, asked, location) is not None

    assert to("https://api.media.atlassian.com/file/1?token=a%2Fb")
    assert to("https://eu.media.atlassian.com/file/1")
    assert not to("http://api.media.atlassian.com/file/1")
    assert not to("https://api.media.atlassian.com:8443/file/1")
    assert not to("https://xmedia.atlassian.com/file/1")
    assert not to("https://media.atlassian.com.evil.example.com/")
    assert not to("https://me@media.atlassian.com/")


@pytest.mark.row("SEC-U11")
async def test_what_the_media_host_does_wrong_is_reported(api: Any, keeper: Keeper) -> None:
    keeper.cloud.fail("status", on="media", status=403)
    with pytest.raises(Unavailable, match="status 403"):
        await api.download(FILE, limit=100, file="1")
    keeper.cloud.fail("reset", on="media", count=3)
    with pytest.raises(Unavailable, match="broke off"):
        await api.download(FILE, limit=100, file="1")
    keeper.cloud.fail("redirect", on="media")
    with pytest.raises(Unavailable, match="status 302"):
        await api.download(FILE, limit=100, file="1")


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ("attachment; filename*=UTF-8''%E2%82%AC.txt", "€.txt"),
        ('attachment; filename="a%20b.txt"', "a b.txt"),
        ("attachment", None),
        ("", None),
        ("\x01;;;=", None),
    ],
)
async def test_a_files_name_is_atlassians_word_and_is_cleaned(
    keeper: Keeper, disposition: str, name: str | None
) -> None:
    async def file(_: web.Request) -> web.Response:
        headers = {"Content-Disposition": disposition} if disposition.isprintable() else {}
        return web.Response(body=b"x", headers=headers)

    app = web.Application()
    app.router.add_get("/{rest:.*}", file)
    api = keeper.api(await keeper.signed_in())
    async with TestServer(app) as server:
        api._base = str(server.make_url("")).rstrip("/")
        found = await api.download(FILE, limit=100, file="1")
    assert found.filename == name
    assert found.media_type == "application/octet-stream"


async def test_an_upload_is_one_file_with_fields_beside_it(api: Any, keeper: Keeper) -> None:
    file = Upload(content=b"\x00\xffdata", filename='naïve "x" 1%.txt', media_type="text/plain")
    answer = await api.upload(UPLOAD, file, {"minorEdit": "true", "comment": "ä"})
    assert answer == {
        "name": 'naïve "x" 1%.txt',
        "type": "text/plain",
        "fields": {"minorEdit": "true", "comment": "ä"},
    }
    (emulator,) = keeper.cloud.sandbox._emulators
    assert isinstance(emulator, Gadgets)
    assert emulator.files["new"] == b"\x00\xffdata"
    assert keeper.cloud.requests[-1].body["file"]["size"] == 6


async def test_an_upload_is_sent_again_only_when_its_token_had_expired(
    api: Any, keeper: Keeper
) -> None:
    keeper.cloud.sandbox.grants.expire_access_tokens()
    file = Upload(content=b"data", filename="a.txt")
    assert (await api.upload(UPLOAD, file))["name"] == "a.txt"
    keeper.cloud.fail("status", status=503)
    with pytest.raises(Unavailable, match="check whether"):
        await api.upload(UPLOAD, file)
    assert [entry.status for entry in keeper.cloud.requests] == [401, 200, 503]


@pytest.mark.row("SEC-I04")
@pytest.mark.parametrize(
    ("filename", "media_type"),
    [
        ("a\r\nX-Evil: 1.txt", "text/plain"),
        ("a\x00.txt", "text/plain"),
        ("a.txt", "text/plain\r\nX-Evil: 1"),
        ("a.txt", "text"),
        ("a.txt", "text/pläin"),
    ],
)
async def test_a_name_or_type_that_would_break_the_header_is_refused(
    api: Any, keeper: Keeper, filename: str, media_type: str
) -> None:
    with pytest.raises(InvalidArgument):
        await api.upload(UPLOAD, Upload(content=b"", filename=filename, media_type=media_type))
    assert keeper.cloud.requests == []


@pytest.mark.row("SEC-I11")
@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("../../x", "x"),
        ("..\\..\\x.txt", "x.txt"),
        ("CON", "_CON"),
        ("lpt1.txt", "_lpt1.txt"),
        ("console.txt", "console.txt"),
        ("\u202egnp.exe", "gnp.exe"),
        ("a\u200bb\x07.txt", "ab.txt"),
        (" . ", "attachment"),
        ("", "attachment"),
        (".hidden", "hidden"),
        ("a" * 4096 + ".txt", "a" * 196 + ".txt"),
        ("é" * 300, "é" * 100),
        ("a." + "b" * 300, "a." + "b" * 198),
    ],
)
def test_file_names_are_made_harmless(name: str, cleaned: str) -> None:
    assert file_name(name) == cleaned


def test_text_is_made_one_line_without_hidden_signs() -> None:
    assert clean("a\n\tb  <b>c</b>\x1b[1m\ud800") == "a b c [1m"
    assert clean("abc", limit=2) == "a…"
