"""The table of confined operations holds all that the plugin asks for; what it takes out."""

import pytest
from architecture.reached import reach
from architecture.tool_table import Row, rows

from telamon.plugin import Json, NotFound
from telamon.plugin.testing import FakeApi
from telamon_confluence import register_product
from telamon_confluence.confining import CONTAINERS
from telamon_confluence.confining.clearing import GONE, cleared, found_inside
from telamon_confluence.confining.operations import OPERATIONS
from telamon_confluence.confining.spaces import Spaces

TEAM = Spaces(frozenset({"team"}), {"1": "TEAM"})
OURS = [row for row in rows() if row.product == "confluence"]


@pytest.mark.row("SEC-G08")
@pytest.mark.parametrize("row", OURS, ids=lambda row: row.name)
def test_every_operation_of_the_plugin_is_in_the_table(row: Row) -> None:
    asked = {f"{method} {path}" for method, path in row.operations}
    assert asked <= OPERATIONS.keys(), "say in the table how each is confined"


def test_the_health_check_is_in_the_table() -> None:
    health = register_product().health
    assert health is not None
    assert {f"{m} {p}" for m, p in reach(health).operations} <= OPERATIONS.keys()


@pytest.mark.row("SEC-G08")
def test_what_is_outside_goes_wherever_it_stands() -> None:
    outside: Json = {"id": "9", "spaceId": "2"}
    inside: Json = {"id": "8", "spaceId": 1, "children": [outside], "parent": outside}
    v1: Json = [{"space": {"key": "Team"}}, {"space": {"key": "X"}}, {"space": {"id": 1}}]
    assert cleared({"a": [outside, inside, "x"], "b": {"c": outside}, "v1": v1}, TEAM) == {
        "a": [{"id": "8", "spaceId": 1, "children": []}, "x"],
        "b": {},
        "v1": v1[:1],
    }
    assert cleared(outside, TEAM) is GONE


@pytest.mark.row("SEC-G08")
def test_a_search_result_has_to_say_that_it_is_inside() -> None:
    found: list[Json] = [
        {"url": "/spaces/TEAM/pages/1/x"},
        {"url": "/pages/x", "resultGlobalContainer": {"displayUrl": "/spaces/TEAM"}},
        {"space": {"key": "TEAM"}},
        {"url": "/spaces/TEAM/pages/1", "resultGlobalContainer": {"displayUrl": "/spaces/X"}},
        {"url": "/spaces/X/pages/1/x"},
        {"url": "/pages/viewpage.action?pageId=1"},
    ]
    assert found_inside({"results": found, "size": 6}, TEAM) == {"results": found[:3], "size": 6}


SPACES = ("GET", "/wiki/api/v2/spaces")
LISTED = ("GET", "/wiki/rest/api/template/page")


async def test_many_allowed_spaces_are_asked_for_in_parts() -> None:
    many = frozenset(f"S{number}" for number in range(120))
    known = [{"id": str(number), "key": f"S{number}"} for number in range(120)]
    api = FakeApi(
        answers={
            SPACES: {"results": [*known, {"id": "999", "key": "OTHER"}]},
            ("GET", "/wiki/api/v2/pages"): {"results": [{"spaceId": "5"}, {"spaceId": "999"}]},
        }
    )
    answer = await CONTAINERS.guarded(api, many).get("/wiki/api/v2/pages")
    assert answer == {"results": [{"spaceId": "5"}]}
    assert [len(str(r.query["keys"]).split(",")) for r in api.requests[:-1]] == [100, 20]
    assert api.requests[-1].query == {}


@pytest.mark.row("SEC-G08")
async def test_a_template_that_is_in_no_list_is_outside() -> None:
    page: Json = {"results": [{"templateId": "1"}], "_links": {"next": "more"}}
    api = FakeApi(
        answers={
            SPACES: {"results": []},
            LISTED: page,
            ("GET", "/wiki/rest/api/template/7"): {"templateId": "7"},
        }
    )
    with pytest.raises(NotFound):
        await CONTAINERS.guarded(api, frozenset({"TEAM"})).get(
            "/wiki/rest/api/template/{contentTemplateId}", contentTemplateId="7"
        )
    assert len(api.requests) == 11


async def test_a_comment_on_something_unknown_is_outside() -> None:
    comment = ("GET", "/wiki/api/v2/footer-comments/7")
    api = FakeApi(answers={SPACES: {"results": []}, comment: {"id": "7", "customContentId": "3"}})
    with pytest.raises(NotFound):
        await CONTAINERS.guarded(api, frozenset({"TEAM"})).delete(
            "/wiki/api/v2/footer-comments/{comment-id}", comment_id="7"
        )


async def test_an_answer_without_a_space_is_outside() -> None:
    api = FakeApi(answers={SPACES: {"results": []}, ("GET", "/wiki/api/v2/pages/7"): {"id": "7"}})
    with pytest.raises(NotFound, match="check the id or key"):
        await CONTAINERS.guarded(api, frozenset({"TEAM"})).get("/wiki/api/v2/pages/{id}", id="7")


def test_a_personal_space_is_known_by_its_key_in_any_case() -> None:
    mine = Spaces(frozenset({"~712020:Ab-1"}))
    assert mine.hold_key("~712020:aB-1")
    assert not mine.hold_key("~712020")
    assert not mine.hold_key(None)
    assert mine.asked == ["~712020:AB-1", "~712020:Ab-1"]
