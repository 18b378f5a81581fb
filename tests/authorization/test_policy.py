"""What the operator's policy leaves of a sign-in, and what the person is told of it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fakes.authorization_world import ADA, BEN, DEMO, PRODUCTS, SECOND, Setup
from fakes.products import make_product

from telamon.plugin import Api, Containers

Serve = Callable[..., Awaitable[Setup]]
ACCESS = ["read", "write", "delete"]
READING = {"access": ACCESS, "rules": [{"accounts": [ADA.account_id], "access": ["read"]}]}


def _no_guard(api: Api, allowed: frozenset[str]) -> Any:
    raise AssertionError((api, allowed))


async def scopes_of(setup: Setup, client_id: str, code: str) -> list[str]:
    answer = await setup.redeem(client_id, code)
    assert answer.status == 200, answer.json
    scope: str = answer.json["scope"]
    return scope.split()


async def test_the_page_says_where_alone_a_product_is_reached(serve: Serve) -> None:
    toys = make_product(containers=Containers(noun="boxes", key="[A-Z]+", guard=_no_guard))
    policy = {"products": {"toys": {"only_in": ["RED", "BLUE"]}}}
    setup = await serve(products=[toys], policy=policy)
    page = await setup.consent_page(setup.browser(), await setup.client_id(), scope=None)
    assert "Only in the boxes BLUE, RED" in page.text
    assert "has rules for some people" not in page.text


@pytest.mark.row("SEC-G07")
@pytest.mark.parametrize(("keys", "said"), [(["BLUE"], "the boxes BLUE, RED:"), ([], None)])
async def test_the_page_promises_no_less_than_a_rule_gives_to_some(
    serve: Serve, keys: list[str], said: str | None
) -> None:
    toys = make_product(containers=Containers(noun="boxes", key="[A-Z]+", guard=_no_guard))
    rule = {"accounts": [BEN.account_id], "products": {"toys": {"only_in": keys}}}
    policy = {"products": {"toys": {"only_in": ["RED"]}}, "rules": [rule]}
    setup = await serve(products=[toys], policy=policy)
    page = await setup.consent_page(setup.browser(), await setup.client_id(), scope=None)
    assert said in page.text if said else "Only in" not in page.text


@pytest.mark.row("SEC-G07")
async def test_whom_a_rule_keeps_within_less_is_told_where(serve: Serve) -> None:
    toys = make_product(containers=Containers(noun="<i>boxes", key="[A-Z]+", guard=_no_guard))
    only = {"toys": {"only_in": ["RED"]}}
    policy = {"rules": [{"accounts": [ADA.account_id], "products": only}]}
    setup = await serve(products=[toys], policy=policy)
    client_id, browser = await setup.client_id(), setup.browser()
    page = await setup.sign_in(client_id, browser=browser, scope=None)
    assert page.status == 200
    assert "Toys: only in the &lt;i&gt;boxes RED." in page.text
    done = await browser.submit(page, decision="approve", site=DEMO.cloud_id)
    assert await scopes_of(setup, client_id, done.answer["code"])
    assert (await setup.sign_in(client_id, person=BEN, scope=None)).status == 303


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({}, "Nothing in Toys can be deleted"),
        ({"access": ACCESS}, None),
        ({"access": ACCESS, "confirm_deletes": True}, "your app has to ask you"),
        (
            {
                "access": ACCESS,
                "confirm_deletes": True,
                "rules": [{"accounts": [BEN.account_id], "confirm_deletes": False}],
            },
            None,
        ),
    ],
)
async def test_the_page_says_what_becomes_of_deleting(
    serve: Serve, policy: dict[str, Any], said: str | None
) -> None:
    setup = await serve(products=[make_product()], policy=policy)
    page = await setup.consent_page(setup.browser(), await setup.client_id(), scope=None)
    for words in ("Nothing in Toys can be deleted", "your app has to ask you"):
        assert (words in page.text) is (words == said)
    assert ('<span class="tag">deletes</span>' in page.text) is bool(policy)


async def test_the_page_says_that_there_are_rules_for_some(serve: Serve) -> None:
    setup = await serve(policy=READING)
    page = await setup.consent_page(setup.browser(), await setup.client_id())
    assert "has rules for some people and sites" in page.text
    assert "Only in the" not in page.text


@pytest.mark.row("SEC-G07")
async def test_what_a_rule_takes_away_is_named_and_not_granted(serve: Serve) -> None:
    setup = await serve(policy=READING)
    client_id, browser = await setup.client_id(), setup.browser()
    page = await setup.sign_in(client_id, browser=browser)
    assert page.status == 200
    assert "Whoever runs this server does not allow you here" in page.text
    assert "write:toys" in page.text
    assert "read:toys" not in page.text
    done = await browser.submit(page, decision="approve", site=DEMO.cloud_id)
    granted = await scopes_of(setup, client_id, done.answer["code"])
    assert granted
    assert all(scope.startswith("read:") for scope in granted)


async def test_whom_no_rule_names_is_asked_nothing_more(serve: Serve) -> None:
    setup = await serve(policy=READING)
    client_id = await setup.client_id()
    page = await setup.sign_in(client_id, person=BEN)
    assert page.status == 303
    assert "write:toys" in await scopes_of(setup, client_id, page.answer["code"])


async def test_each_site_leaves_what_its_rule_says(serve: Serve) -> None:
    host = SECOND.url.removeprefix("https://")
    setup = await serve(policy={"access": ACCESS, "rules": [{"sites": [host], "read_only": True}]})
    client_id, browser = await setup.client_id(), setup.browser()
    page = await setup.sign_in(client_id, browser=browser, sites=[DEMO, SECOND])
    assert page.text.count("does not allow you here") == 1
    done = await browser.submit(page, decision="approve", site=SECOND.cloud_id)
    granted = await scopes_of(setup, client_id, done.answer["code"])
    assert all(scope.startswith("read:") for scope in granted)


@pytest.mark.row("SEC-G07")
async def test_a_site_on_which_nothing_is_left_cannot_be_chosen(serve: Serve) -> None:
    host = SECOND.url.removeprefix("https://")
    setup = await serve(policy={"rules": [{"sites": [host], "access": []}]})
    client_id = await setup.client_id()
    page = await setup.sign_in(client_id, sites=[DEMO, SECOND])
    assert page.status == 303, "one site is left, and nothing to ask"
    token = (await setup.redeem(client_id, page.answer["code"])).json["access_token"]
    record = await setup.storage.tokens.access(token)
    assert record is not None
    assert record.family.cloud_id == DEMO.cloud_id


async def test_whom_the_rules_leave_nothing_is_told_so_and_gets_no_code(serve: Serve) -> None:
    setup = await serve(policy={"rules": [{"accounts": [ADA.account_id], "access": []}]})
    page = await setup.sign_in(await setup.client_id())
    assert page.status == 403
    assert "Nothing is allowed for your account here" in page.text
    assert "code=" not in page.text
    assert "error=access_denied" in page.text
    assert not await setup.storage.grants.of_account(ADA.account_id)


def test_the_products_of_these_tests_have_something_to_take_away() -> None:
    assert {scope.access for product in PRODUCTS for scope in product.scopes} >= {"read", "write"}
