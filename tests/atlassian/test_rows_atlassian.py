"""What a failure of Atlassian's leaves as it was."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer
from fakes.cloud import Keeper, Pauses, Ticking
from fakes.gadgets import ROOT
from fakes.loopback_tls import Resolver, certificate

from telamon.atlassian.identity import AppRefused
from telamon.plugin import Forbidden, MissingScope, NotFound, Unavailable
from telamon.storage import Grant

ITEM, COUNT, MAKE = f"{ROOT}/gadget/{{gadget-id}}", f"{ROOT}/gadget/count", f"{ROOT}/gadget"
HOST = "api.example.com"


async def untouched(keeper: Keeper, grant: Grant) -> bool:
    found = await keeper.storage.grants.get(grant.id)
    return found == grant and keeper.cloud.refreshes == 0 and keeper.heard() == ["created"]


@pytest.mark.row("SEC-U02")
async def test_a_lack_of_permission_costs_neither_a_refresh_nor_the_grant(keeper: Keeper) -> None:
    grant = await keeper.signed_in()
    keeper.cloud.fail("status", status=403, body={"errorMessages": ["No right."]}, count=9)
    for _ in range(2):
        with pytest.raises(Forbidden, match="No right"):
            await keeper.api(grant).post(MAKE, {})
    assert len(keeper.cloud.requests) == 2
    assert await untouched(keeper, grant)


@pytest.mark.row("SEC-U03")
async def test_a_lack_of_scope_costs_neither_a_refresh_nor_the_grant(keeper: Keeper) -> None:
    grant = await keeper.signed_in(scopes=["read:gadgets", "offline_access", "read:me"])
    with pytest.raises(MissingScope):
        await keeper.api(grant).post(MAKE, {})
    assert await untouched(keeper, grant)


@pytest.mark.row("SEC-U04")
async def test_what_is_hidden_and_what_is_not_there_are_told_in_the_same_words(
    keeper: Keeper,
) -> None:
    grant = await keeper.signed_in()
    told = []
    for gadget in ("hidden", "nowhere"):
        keeper.cloud.fail("status", status=404, body={"errorMessages": ["It does not exist."]})
        with pytest.raises(NotFound) as raised:
            await keeper.api(grant).get(ITEM, gadget_id=gadget)
        told.append(str(raised.value))
    assert told[0] == told[1]
    assert await untouched(keeper, grant)


@pytest.mark.row("SEC-U06", "SEC-U09")
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "html", "status": 200},
        {"kind": "html", "status": 403},
        {"kind": "truncated", "count": 3},
        {"kind": "large", "size": 200 * 1024 * 1024},
    ],
)
async def test_nonsense_costs_no_grant_and_the_next_call_is_served(
    keeper: Keeper, fault: dict[str, Any]
) -> None:
    grant = await keeper.signed_in()
    keeper.cloud.fail(**fault)
    with pytest.raises(Exception, match=r".") as raised:
        await keeper.api(grant).get(COUNT)
    assert "<html" not in str(raised.value).lower()
    keeper.cloud.set(faults=[])
    assert await keeper.api(grant).get(COUNT) == {"count": 0}
    assert await untouched(keeper, grant)


@asynccontextmanager
async def over_tls(directory: Path, host: str) -> AsyncIterator[tuple[str, Any]]:
    """A server with a certificate for *host*; gives its port's address and a client's trust."""
    server_tls, client_tls = certificate(directory, host)
    app = web.Application()
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=server_tls)
    try:
        yield f"https://{HOST}:{server.port}", client_tls
    finally:
        await server.close()


@pytest.mark.row("SEC-U08")
@pytest.mark.parametrize("failure", ["another certificate", "no such host", "no TLS at all"])
async def test_a_connection_that_cannot_be_made_is_a_failed_result_and_frees_its_slot(
    keeper: Keeper, tmp_path: Path, failure: str
) -> None:
    grant = await keeper.signed_in()
    names = {} if failure == "no such host" else {HOST: ["127.0.0.1"]}
    plain = keeper.cloud.base.replace("http://127.0.0.1", f"https://{HOST}")
    async with over_tls(tmp_path, "other.example.com") as (secured, trust):
        address = plain if failure == "no TLS at all" else secured
        connector = aiohttp.TCPConnector(resolver=Resolver(names), ssl=trust)
        async with aiohttp.ClientSession(connector=connector) as http:
            ours = Keeper(
                cloud=keeper.cloud,
                storage=keeper.storage,
                clock=keeper.clock,
                pauses=Pauses(lambda _: None),
            )
            ours.gateway._caller._http = http
            api = ours.api(grant)
            base, api._base = api._base, address
            with pytest.raises(Unavailable) as raised:
                await api.get(COUNT)
            assert HOST not in str(raised.value)
            assert all(lane.users == 0 for lane in ours.gateway._caller._lanes._lanes.values())
        api._base = base
    assert await untouched(keeper, grant)
    assert await keeper.api(grant).get(COUNT) == {"count": 0}


@pytest.mark.row("SEC-U13")
async def test_a_refused_secret_is_told_to_the_operator(failing: Any, keeper: Keeper) -> None:
    grant = await keeper.signed_in()
    keeper.clock.advance(4000)  # type: ignore[attr-defined]  # the clock is a fake
    ours = failing(AppRefused("access_denied"))
    with structlog.testing.capture_logs() as logs, pytest.raises(Unavailable):
        await ours.custody.access_token(grant.id)
    (line,) = [line for line in logs if line["event"] == "atlassian.app_refused"]
    assert line["log_level"] in {"error", "critical"}
    assert grant.refresh_token not in repr(logs)
    found = await ours.storage.grants.get(grant.id)
    assert found is not None
    assert (found.state, found.refresh_token) == ("active", grant.refresh_token)


@pytest.mark.row("SEC-G05", "SEC-N23")
async def test_a_refresh_that_one_person_waits_for_serves_that_person_alone(
    keeper: Keeper, clock: Ticking
) -> None:
    grants = [
        await keeper.signed_in(),
        await keeper.signed_in(account_id="5b10ac8d82e05b22cc7d4ef5"),
    ]
    clock.advance(4000)
    calls = [
        asyncio.ensure_future(keeper.api(grant).get(ITEM, gadget_id=grant.id))
        for grant in grants * 5
    ]
    calls[0].cancel()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    for grant, answer in list(zip(grants * 5, answers, strict=True))[1:]:
        assert isinstance(answer, dict)
        assert answer["reader"] == grant.account_id
    assert keeper.cloud.refreshes == 2
