import random

import pytest

from telamon.plugin import InvalidArgument, Site
from telamon_confluence.addresses import content_id, in_address, space_key, tiny_id, web_link
from telamon_confluence.sandbox.forms import tiny

SITE = Site(cloud_id="c", url="https://ferry.example.com", name="Ferry")


def test_short_links_are_decoded_to_the_id_they_were_made_from() -> None:
    assert tiny_id("A4AB") == "98307"
    for number in [1, 62, 63, 64, 255, 256, 2**32, *random.Random(7).sample(range(10**12), 2000)]:
        assert tiny_id(tiny(number).removeprefix("/x/")) == str(number)


@pytest.mark.parametrize("code", ["A", "AAAA", "__________", "----------------"])
def test_a_code_that_is_no_id_names_nothing(code: str) -> None:
    assert tiny_id(code) is None


@pytest.mark.parametrize(
    "reference",
    [
        "98307",
        "/wiki/x/A4AB",
        "https://ferry.example.com/wiki/x/A4AB",
        "https://FERRY.example.com/wiki/spaces/DEMO/pages/98307/Release+plan",
        "https://ferry.example.com/wiki/spaces/~5b1/pages/98307?focusedCommentId=1#x",
        "https://ferry.example.com/wiki/spaces/DEMO/blog/2026/03/02/98307/News",
        "https://ferry.example.com/wiki/spaces/DEMO/pages/edit-v2/98307",
        "https://ferry.example.com/wiki/spaces/DEMO/blog/98307/News",
        "https://ferry.example.com/wiki/pages/viewpage.action?pageId=98307",
        "https://ferry.example.com/wiki/pages/resumedraft.action?draftId=98307",
    ],
)
def test_every_form_of_an_address_gives_the_id(reference: str) -> None:
    assert content_id(reference, SITE) == "98307"


def test_a_short_id_is_no_year() -> None:
    assert content_id("/wiki/spaces/DEMO/pages/2026", SITE) == "2026"


def test_a_folder_is_named_only_where_a_folder_will_do() -> None:
    address = "https://ferry.example.com/wiki/spaces/DEMO/folder/77"

    assert content_id(address, SITE, folder=True) == "77"
    with pytest.raises(InvalidArgument, match="getConfluenceFolder reads 77"):
        content_id(address, SITE)


@pytest.mark.row("SEC-I02")
@pytest.mark.parametrize(
    "address",
    [
        "/wiki/spaces/DEMO/pages/../98307",
        "/wiki/spaces/DEMO/pages/98307%2f..",
        "/wiki/x/A4AB%00",
        "/wiki/spaces/DEMO/pages/" + "9" * 30,
    ],
)
def test_a_crooked_address_names_nothing(address: str) -> None:
    assert in_address(address) is None


@pytest.mark.parametrize(
    "webui", [None, 7, "", "spaces/X", "//evil.example.com/x", "https://evil.example.com/"]
)
def test_links_are_made_from_paths_on_the_site_only(webui: object) -> None:
    assert web_link(SITE, webui) is None
    assert space_key(webui) is None


def test_a_link_is_below_the_sites_own_address() -> None:
    assert web_link(SITE, "/spaces/DEMO") == "https://ferry.example.com/wiki/spaces/DEMO"
    assert space_key("/spaces/DEMO/pages/1") == "DEMO"
