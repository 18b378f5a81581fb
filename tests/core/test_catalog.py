from typing import Any

import pytest
from fakes.products import get_toy, make_product

from telamon.catalog import Catalog, build
from telamon.settings import PolicySettings


def catalog(**policy: Any) -> Catalog:
    return build([make_product()], {}, PolicySettings(**policy))


EVERYTHING = ("read", "write", "delete", "manage")


def test_deleting_tools_are_off_unless_the_operator_allows_them() -> None:
    assert list(catalog().tools) == ["getToy", "paintToy"]
    assert list(catalog(access=EVERYTHING).tools) == ["deleteToy", "getToy", "paintToy"]


def test_what_is_not_offered_is_not_asked_for() -> None:
    assert catalog(access=EVERYTHING).initial() == ("delete:toys", "read:toys", "write:toys")
    assert catalog().initial() == ("read:toys", "write:toys")
    assert catalog(read_only=True).initial() == ("read:toys",)


@pytest.mark.row("SEC-G07")
def test_a_denied_tool_is_not_in_the_catalog() -> None:
    assert "getToy" not in catalog(deny_tools=("getToy",)).tools
    assert list(catalog(allow_tools=("getToy",)).tools) == ["getToy"]


def test_atlassian_is_always_asked_for_the_whole_set_and_for_a_refresh_token() -> None:
    assert catalog().to_request() == ("read:toys", "write:toys", "offline_access", "read:me")


def test_a_token_gets_what_was_asked_and_left_ticked_and_is_offered() -> None:
    granted = catalog().granted(
        asked=["read:toys", "write:toys", "delete:toys"], approved=["read:toys", "delete:toys"]
    )
    assert granted == ("read:toys",)


def test_the_missing_scopes_of_a_tool_are_named() -> None:
    offered = catalog().tools["paintToy"]
    assert catalog().missing(offered.tool, ["read:toys"]) == ("write:toys",)
    assert catalog().missing(get_toy, ["read:toys"]) == ()
