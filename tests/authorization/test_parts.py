"""The small parts on their own."""

import json

import pytest
from conftest import FakeClock
from fakes.authorization_world import ADA, DEMO, SECOND

from telamon.atlassian.oauth import Account
from telamon.authorization.limit_hits import LimitHits
from telamon.authorization.opened import OpenSignIns
from telamon.authorization.progress import (
    Asked,
    Progress,
    Step,
    from_data,
    sent_to_atlassian,
    to_data,
)
from telamon.authorization.scopes import with_meaning
from telamon.authorization.snapshot import Unprinted
from telamon.authorization.ties import binding_of, form_token, token_matches
from telamon.plugin import Event, LimitHit
from telamon.web.limits import Limiter


def a_sign_in() -> Progress:
    return Progress(
        step=Step.SITE,
        asked=Asked(
            client_id="client",
            client_print="print",
            redirect_uri="http://localhost/cb",
            redirect_uri_given=False,
            state=None,
            scopes=("read:toys",),
            code_challenge="c" * 43,
        ),
        form_key="key",
        approved=("read:toys",),
        expected_account="somebody",
        account=Account(account_id=ADA.account_id, name="Ada", email=None),
        grant_id="grant",
        scopes=("read:toys",),
        missing=("write:toys",),
        sites=(DEMO, SECOND),
    )


def test_a_sign_in_survives_storage_whole() -> None:
    for progress in (a_sign_in(), Progress(step=Step.CONSENT, asked=None, form_key="k")):
        assert from_data(json.loads(json.dumps(to_data(progress)))) == progress


@pytest.mark.row("SEC-L03")
def test_a_sign_in_shows_no_secret() -> None:
    progress = sent_to_atlassian(a_sign_in(), binding=binding_of("key", "secret"))
    shown = repr(progress)
    for secret in (progress.state, progress.verifier, progress.binding):
        assert len(secret) >= 43
        assert secret not in shown
    assert len({progress.state, progress.verifier, progress.binding}) == 3


def test_the_secrets_for_atlassian_are_made_once() -> None:
    progress = sent_to_atlassian(a_sign_in(), binding="b")
    assert sent_to_atlassian(progress, binding="b") == progress


def test_another_account_is_one_that_was_expected_and_did_not_come() -> None:
    progress = a_sign_in()
    assert progress.is_other_account
    assert not Progress(step=Step.SITE, asked=None, form_key="k").is_other_account


@pytest.mark.row("SEC-A24")
def test_open_sign_ins_are_few_for_each_caller_and_bounded_for_all() -> None:
    opened = OpenSignIns(per_caller=2, most=5)
    assert opened.add("a", "1") is None
    assert opened.add("a", "2") is None
    assert opened.add("a", "3") == "1"
    assert opened.add("b", "4") is None
    opened.close("2")
    opened.close("2")
    assert opened.add("a", "5") is None
    assert opened.add("a", "6") == "3"
    for n in range(100):
        assert opened.add(f"caller {n}", f"x{n}") is None
    assert len(opened) == 5


@pytest.mark.row("SEC-L06")
def test_a_limit_is_told_of_once_a_minute(clock: FakeClock) -> None:
    events: list[Event] = []
    hits = LimitHits(Limiter(clock), events.append)
    for _ in range(1000):
        hits.tell("tokens", "client")
    hits.tell("tokens", "another")
    assert events == [
        LimitHit(limit="tokens", key="client"),
        LimitHit(limit="tokens", key="another"),
    ]
    clock.advance(60)
    hits.tell("tokens", "client")
    assert len(events) == 3


@pytest.mark.parametrize(
    ("fields", "cleaned"),
    [
        ({}, {}),
        ({"scope": "a b"}, {"scope": "a b"}),
        ({"scope": ""}, {"scope": ""}),
        ({"scope": "a  openid b", "x": "y"}, {"scope": "a b", "x": "y"}),
        ({"scope": "openid profile email offline_access"}, {}),
    ],
)
def test_scopes_without_meaning_are_left_out(
    fields: dict[str, str], cleaned: dict[str, str]
) -> None:
    assert with_meaning(fields) == cleaned


def test_a_form_token_is_for_one_sign_in_and_one_browser() -> None:
    token = form_token("key", "secret")
    assert token_matches("key", "secret", token)
    assert not token_matches("other", "secret", token)
    assert not token_matches("key", "other", token)
    assert not token_matches("key", "", form_token("key", ""))
    assert not token_matches("key", "secret", "é")


def test_a_binding_is_one_browsers_and_no_form_token() -> None:
    assert binding_of("key", "secret") == binding_of("key", "secret")
    others = {
        binding_of("key", "other"),
        binding_of("other", "secret"),
        form_token("key", "secret"),
    }
    assert binding_of("key", "secret") not in others


def test_a_secret_is_not_printed_and_still_a_string() -> None:
    secret = Unprinted("tlm_at_x")
    assert repr({"access_token": secret}) == "{'access_token': '***'}"
    assert json.dumps(secret) == '"tlm_at_x"'
    assert secret == "tlm_at_x"
