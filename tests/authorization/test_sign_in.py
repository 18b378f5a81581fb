"""The whole way, once."""

from fakes.authorization_world import ADA, ALL, DEMO, ISSUER, REDIRECT, Setup

from telamon.plugin import CodeIssued, ConsentGiven, SessionChanged, TokenIssued


async def test_a_client_gets_tokens_for_one_user_and_one_site(here: Setup, client_id: str) -> None:
    page = await here.sign_in(client_id)
    assert page.status == 303
    assert (page.location or "").startswith(f"{REDIRECT}?")
    assert page.answer.keys() == {"code", "state", "iss"}
    assert page.answer["state"] == "the-state"
    assert page.answer["iss"] == ISSUER

    answer = await here.redeem(client_id, page.answer["code"])

    assert answer.status == 200
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 3600
    assert answer.json["scope"].split() == list(ALL)
    token = await here.storage.tokens.access(answer.json["access_token"])
    assert token is not None
    assert token.family.account_id == ADA.account_id
    assert token.family.cloud_id == DEMO.cloud_id
    assert token.family.resource == f"{ISSUER}/v1/mcp"
    assert len(here.heard(ConsentGiven)) == 1
    assert len(here.heard(CodeIssued)) == 1
    assert len(here.heard(TokenIssued)) == 1
    assert len(here.heard(SessionChanged)) == 1
