from dataclasses import replace
from typing import Any

import pytest
from fakes.products import (
    READ_TOYS,
    WRITE_TOYS,
    Toys,
    delete_toy,
    get_toy,
    make_product,
    paint_toy,
)
from pydantic import ValidationError

from telamon.catalog import build
from telamon.plugin import Containers, prompt
from telamon.plugin.testing import FakeApi
from telamon.policy import NOTHING, Policies, policy_faults
from telamon.settings import PolicySettings

SITE = "https://one.example.com"
ADA = ("ada", "ada@example.com", SITE)
BEN = ("ben", "ben@other.example.com", SITE)


def policies(**policy: Any) -> Policies:
    return Policies(PolicySettings.model_validate(policy))


def tools(policies: Policies, person: tuple[str, str | None, str]) -> list[str]:
    policy = policies.of(*person)
    return [t.name for t in (get_toy, paint_toy, delete_toy) if policy.allows("toys", t)]


def test_deleting_is_off_until_it_is_named() -> None:
    assert tools(policies(), ADA) == ["getToy", "paintToy"]
    assert tools(policies(access=["read", "delete"]), ADA) == ["getToy", "deleteToy"]


def test_a_product_has_its_own_kinds_of_tool() -> None:
    found = policies(products={"toys": {"access": ["read"]}})
    assert tools(found, ADA) == ["getToy"]
    assert found.deployment.of("books").access == {"read", "write"}


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        ({"accounts": ["ada"]}, True),
        ({"accounts": ["ben"]}, False),
        ({"email_domains": ["Example.com"]}, True),
        ({"email_domains": ["ample.com"]}, False),
        ({"sites": ["ONE.example.com"]}, True),
        ({"sites": ["two.example.com"]}, False),
        ({"sites": ["one.example.com"], "accounts": ["ben"]}, False),
    ],
)
def test_a_rule_holds_where_all_its_conditions_do(condition: dict[str, Any], held: bool) -> None:
    found = policies(rules=[{**condition, "read_only": True}])
    assert tools(found, ADA) == (["getToy"] if held else ["getToy", "paintToy"])


def test_of_several_rules_the_last_one_that_names_a_value_decides() -> None:
    found = policies(
        access=["read"],
        deny_tools=["getToy"],
        rules=[
            {"email_domains": ["example.com"], "access": ["read", "write"]},
            {"accounts": ["ada"], "access": ["read", "delete"], "deny_tools": []},
        ],
    )
    assert tools(found, ADA) == ["getToy", "deleteToy"]
    assert tools(found, ("eve", "eve@example.com", SITE)) == ["paintToy"]
    assert tools(found, BEN) == []


def test_what_a_rule_says_of_all_products_overrides_what_was_said_of_one_before() -> None:
    found = policies(
        products={"toys": {"access": ["read", "delete"], "only_in": ["BOX"]}},
        rules=[{"accounts": ["ben"], "access": ["read"]}],
    )
    assert tools(found, ADA) == ["getToy", "deleteToy"]
    assert tools(found, BEN) == ["getToy"]
    assert found.of(*BEN).of("toys").only_in == {"BOX"}


def test_a_rule_may_widen_or_narrow_the_containers() -> None:
    found = policies(
        products={"toys": {"only_in": ["BOX"]}},
        rules=[{"accounts": ["ada"], "products": {"toys": {"only_in": ["BOX", "SHELF"]}}}],
    )
    assert found.of(*ADA).of("toys").only_in == {"BOX", "SHELF"}
    assert found.of(*BEN).of("toys").only_in == {"BOX"}


def test_who_hides_the_address_escapes_no_rule() -> None:
    found = policies(rules=[{"email_domains": ["other.example.com"], "read_only": True}])
    assert found.of("ada", None, SITE) is NOTHING
    assert tools(found, ("ada", None, SITE)) == []
    assert tools(policies(rules=[{"accounts": ["ben"], "read_only": True}]), ("ada", None, SITE))


@pytest.mark.row("SEC-G07")
@pytest.mark.parametrize(
    "address",
    [
        "ben@Other.Example.COM",
        " ben@other.example.com\n",
        "ben@other.example.com.",
        '"a@b"@other.example.com',
        "ben@other\u3002example.com",
    ],
)
def test_no_way_of_writing_an_address_escapes_a_rule(address: str) -> None:
    found = policies(rules=[{"email_domains": ["other.example.com"], "read_only": True}])
    assert tools(found, ("ben", address, SITE)) == ["getToy"]


@pytest.mark.row("SEC-G07")
def test_a_domain_in_other_letters_is_the_one_that_its_ascii_form_names() -> None:
    found = policies(rules=[{"email_domains": ["xn--strae-oqa.example.com"], "read_only": True}])
    for domain in ("straße.example.com", "STRAßE.example.com", "xn--strae-oqa.example.com"):
        assert tools(found, ("ben", f"ben@{domain}", SITE)) == ["getToy"]


@pytest.mark.row("SEC-G07")
@pytest.mark.parametrize(
    "address", ["", "ben", "ben@", "@", "@example.com", "ben@.", "ben@a b", "ben@a..b", "ben@[::1]"]
)
def test_an_address_without_a_domain_is_none(address: str) -> None:
    found = policies(rules=[{"email_domains": ["other.example.com"], "read_only": True}])
    assert found.of("ben", address, SITE) is NOTHING


@pytest.mark.row("SEC-G07")
def test_a_rule_for_a_domain_is_not_for_those_below_it() -> None:
    found = policies(rules=[{"email_domains": ["example.com"], "read_only": True}])
    assert "paintToy" in tools(found, BEN)


@pytest.mark.row("SEC-G07")
@pytest.mark.parametrize("url", ["https://ONE.example.com:443", "https://one.example.com/wiki"])
def test_a_site_is_known_by_its_host(url: str) -> None:
    found = policies(rules=[{"sites": ["One.Example.com"], "read_only": True}])
    assert tools(found, ("ada", None, url)) == ["getToy"]


@pytest.mark.parametrize(
    "rule",
    [
        {"sites": ["one.example.com."]},
        {"sites": [".example.com"]},
        {"sites": ["https://one.example.com"]},
        {"email_domains": ["@example.com"]},
        {"email_domains": ["example.com."]},
        {"email_domains": [""]},
        {"accounts": [""]},
        {"accounts": ["ada, ben"]},
    ],
)
def test_a_condition_that_nobody_can_meet_is_a_fault(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        policies(rules=[rule])


def test_a_rule_without_conditions_is_refused() -> None:
    with pytest.raises(ValidationError, match="neither sites nor accounts nor email_domains"):
        policies(rules=[{"read_only": True}])


@pytest.mark.parametrize(
    "policy",
    [
        {"access": ["read"], "rules": [{"accounts": ["ada"], "access": ["read", "delete"]}]},
        {
            "read_only": True,
            "rules": [
                {"accounts": ["ada"], "read_only": False},
                {"email_domains": ["example.com"], "access": ["read", "delete"]},
            ],
        },
        {
            "access": ["read", "delete"],
            "deny_tools": ["deleteToy"],
            "rules": [{"accounts": ["ada"], "deny_tools": []}],
        },
        {
            "access": ["read", "delete"],
            "allow_tools": ["getToy"],
            "rules": [{"accounts": ["ada"], "allow_tools": ["deleteToy"]}],
        },
    ],
)
def test_what_a_rule_gives_to_some_is_offered_and_asked_for(policy: dict[str, Any]) -> None:
    settings = PolicySettings.model_validate(policy)
    catalog = build([make_product()], {}, settings)
    assert "deleteToy" in catalog.tools
    assert "delete:toys" in catalog.initial()
    policy_of_ada, policy_of_ben = catalog.policies.of(*ADA), catalog.policies.of(*BEN)
    assert "delete:toys" in catalog.left(policy_of_ada)
    assert "delete:toys" not in catalog.left(policy_of_ben)


def test_without_reading_there_is_nothing_to_find_either() -> None:
    catalog = build([make_product()], {}, PolicySettings(access=("write",)))
    assert (catalog.resources, dict(catalog.prompts)) == ((), {})
    assert catalog.initial() == ("read:toys", "write:toys")
    catalog = build([make_product()], {}, PolicySettings(access=("delete",)))
    assert catalog.initial() == ("delete:toys",)


def test_a_prompt_that_leads_to_a_change_goes_where_changes_do() -> None:
    @prompt(READ_TOYS, WRITE_TOYS, title="Repaint")
    async def repaint(toys: Toys) -> str:
        """Repaint everything."""
        return str(toys)

    product = make_product(get_toy, prompts=(repaint,))
    assert "repaint" in build([product], {}, PolicySettings()).prompts
    reading = build([product], {}, PolicySettings(access=("read",)))
    assert "repaint" not in reading.prompts
    assert reading.initial() == ("read:toys",)


def test_equal_policies_are_one_key_for_listings() -> None:
    found = policies(rules=[{"accounts": ["ada"], "access": ["read", "write"]}])
    assert found.of(*ADA) == found.of(*BEN)
    assert len({found.of(*ADA), found.of(*BEN), NOTHING}) == 2


def test_names_that_are_nowhere_are_faults_and_not_passed_over() -> None:
    settings = PolicySettings.model_validate(
        {
            "deny_tools": ["deleteToys"],
            "allow_tools": ["search"],
            "products": {"toy": {"access": ["read"]}, "toys": {"only_in": ["BOX"]}},
            "rules": [{"accounts": ["ada"], "deny_tools": ["zzz"]}],
        }
    )
    assert policy_faults(settings, [make_product()]) == [
        "policy.deny_tools: the enabled plugins have no tool 'deleteToys'; did you mean deleteToy?",
        "policy.allow_tools: the enabled plugins have no tool 'search'",
        "policy.products.toy: no such plugin is enabled; did you mean toys?",
        "policy.products.toys.only_in: the plugin toys cannot be kept within parts of a site",
        "policy.rules.0.deny_tools: the enabled plugins have no tool 'zzz'",
    ]
    search = replace(get_toy, name="search")
    kept = make_product(containers=Containers(noun="boxes", key="[A-Z]+", guard=_no_guard))
    assert "search" not in "".join(policy_faults(settings, [kept], [search]))
    assert "only_in" not in "".join(policy_faults(settings, [kept], [search]))
    only = PolicySettings.model_validate({"products": {"toys": {"only_in": ["BOX", "a.b"]}}})
    assert policy_faults(only, [kept]) == [
        "policy.products.toys.only_in: 'a.b' is no key of toys boxes"
    ]


def _no_guard(api: object, allowed: frozenset[str]) -> Any:
    raise AssertionError((FakeApi, api, allowed))
