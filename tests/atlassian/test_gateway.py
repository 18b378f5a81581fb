import asyncio
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer
from fakes.cloud import DEMO, SECOND, Cloud, Keeper, Pauses, Ticking
from fakes.gadgets import ROOT, gadgets

from telamon.atlassian.calls import Outgoing
from telamon.atlassian.faults import Asked
from telamon.atlassian.lanes import IN_FLIGHT
from telamon.plugin import (
    Api,
    Asking,
    Conflict,
    Containers,
    Forbidden,
    InvalidArgument,
    MissingScope,
    NotFound,
    RateLimited,
    Rejected,
    SignInAgain,
    TooLarge,
    ToolError,
    Unavailable,
)
from telamon.policy import Policies
from telamon.settings import LimitSettings, PolicySettings
from telamon.storage import StorageUnavailable

ITEM = f"{ROOT}/gadget/{{gadget-id}}"
MAKE, SEARCH, COUNT = f"{ROOT}/gadget", f"{ROOT}/gadget/search", f"{ROOT}/gadget/count"


@pytest.fixture
async def api(keeper: Keeper) -> Any:
    return keeper.api(await keeper.signed_in())


def statuses(keeper: Keeper) -> list[int | None]:
    return [entry.status for entry in keeper.cloud.requests]


async def test_every_method_sends_and_returns_json(api: Any) -> None:
    assert await api.post(MAKE, {"name": "ä"}) == {"id": "1"}
    found = await api.get(ITEM, {"fields": "a,b", "tag": ["x", "y"], "deep": True}, gadget_id=1)
    assert found["value"] == {"name": "ä"}
    assert found["query"] == {"fields": ["a,b"], "tag": ["x", "y"], "deep": ["true"]}
    assert await api.put(ITEM, {"name": "b"}, gadget_id="1") is None
    assert await api.read(SEARCH, {"words": "b"}) == {"asked": {"words": "b"}, "found": ["1"]}
    assert await api.delete(ITEM, gadget_id="1") is None


@pytest.mark.row("SEC-G01", "SEC-G05")
async def test_the_api_shows_whose_it_is_and_no_token(api: Any, keeper: Keeper) -> None:
    grant = (await keeper.storage.grants.list(1))[0]
    assert api.site == DEMO
    assert api.account_id == grant.account_id
    assert api.scopes == {"read:gadgets", "write:gadgets"}
    await api.get(COUNT)
    held = repr({name: getattr(api, name) for name in vars(api)} | vars(api))
    assert grant.access_token not in held


@pytest.mark.row("SEC-G04")
async def test_two_users_and_two_sites_never_mix(keeper: Keeper) -> None:
    ada = await keeper.signed_in()
    ben = await keeper.signed_in(account_id="5b10ac8d82e05b22cc7d4ef5")
    combinations = [(grant, site) for grant in (ada, ben) for site in (DEMO, SECOND)] * 25
    answers = await asyncio.gather(
        *(
            keeper.api(grant, site).get(ITEM, gadget_id=f"{grant.id}-{site.cloud_id}")
            for grant, site in combinations
        )
    )
    for (grant, site), answer in zip(combinations, answers, strict=True):
        assert answer["reader"] == grant.account_id
        assert answer["site"] == site.cloud_id
        assert answer["id"] == f"{grant.id}-{site.cloud_id}"


async def test_calls_share_one_connection_and_one_request_each(api: Any, keeper: Keeper) -> None:
    for _ in range(20):
        await api.get(COUNT)
    assert len(keeper.cloud.requests) == 20
    assert len({entry.connection for entry in keeper.cloud.requests}) == 1


async def test_every_request_is_logged_by_its_template_without_values(
    api: Any,
) -> None:
    with structlog.testing.capture_logs() as logs:
        await api.get(ITEM, {"fields": "canary"}, gadget_id="canary")
    (entry,) = [log for log in logs if log["event"] == "upstream.request"]
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", ITEM, 200)
    assert entry["log_level"] == "debug"
    assert "canary" not in repr(entry)


@pytest.mark.row("SEC-U01")
async def test_an_expired_token_is_renewed_and_the_call_repeated_once(
    api: Any, keeper: Keeper
) -> None:
    keeper.cloud.sandbox.grants.expire_access_tokens()
    assert await api.post(MAKE, {"name": "a"}) == {"id": "1"}
    assert statuses(keeper) == [401, 201]
    assert keeper.cloud.refreshes == 1


@pytest.mark.row("SEC-U01")
async def test_a_token_refused_even_when_fresh_means_signing_in_again(
    api: Any, keeper: Keeper
) -> None:
    keeper.cloud.fail("status", status=401, body={"code": 401, "message": "no"}, count=9)
    with pytest.raises(SignInAgain):
        await api.get(COUNT)
    assert statuses(keeper) == [401, 401]
    with pytest.raises(SignInAgain):
        await api.get(COUNT)
    assert keeper.cloud.refreshes == 1


@pytest.mark.row("SEC-U01")
async def test_a_token_that_another_process_got_and_that_is_over_too_is_renewed(
    keeper: Keeper,
) -> None:
    grant, cloud = await keeper.signed_in(), keeper.cloud
    other = Keeper(cloud=cloud, storage=keeper.storage, clock=keeper.clock, pauses=keeper.pauses)
    await keeper.api(grant).get(COUNT)
    cloud.sandbox.grants.expire_access_tokens()
    await other.api(grant).get(COUNT)
    cloud.sandbox.grants.expire_access_tokens()
    assert await keeper.api(grant).post(MAKE, {"name": "a"}) == {"id": "1"}
    assert statuses(keeper) == [200, 401, 200, 401, 401, 201]
    assert cloud.refreshes == 2


@pytest.mark.row("SEC-U03")
async def test_a_missing_scope_names_what_the_tool_needs_and_refreshes_nothing(
    keeper: Keeper,
) -> None:
    grant = await keeper.signed_in(scopes=["read:gadgets", "offline_access", "read:me"])
    with pytest.raises(MissingScope) as missing:
        await keeper.api(grant).post(MAKE, {})
    assert missing.value.scopes == ("write:gadgets",)
    assert "write:gadgets" in str(missing.value)
    assert keeper.cloud.refreshes == 0
    assert statuses(keeper) == [401]


async def test_without_a_tools_scopes_all_of_the_products_are_named(keeper: Keeper) -> None:
    keeper.cloud.fail(
        "status", status=401, body={"code": 401, "message": "Unauthorized; scope does not match"}
    )
    principal = keeper.api(await keeper.signed_in())._principal
    with pytest.raises(MissingScope) as missing:
        await keeper.gateway.api(principal, gadgets()).get(COUNT)
    assert missing.value.scopes == ()


@pytest.mark.row("SEC-U02", "SEC-U04", "SEC-I21")
@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (
            (400, {"errorMessages": ["Bad."], "errors": {"summary": "Needed."}}),
            Rejected,
            "Bad. sum",
        ),
        ((400, {"errors": [{"title": "No cursor", "detail": "Get one."}]}), Rejected, "Get one."),
        ((400, {"statusCode": 400, "message": "v1 says no"}), Rejected, "v1 says no"),
        ((400, None), Rejected, "not valid; correct"),
        ((403, {"errorMessages": ["No right."], "errors": {}}), Forbidden, "No right."),
        ((404, {"errors": [{"title": "Not Found", "detail": None}]}), NotFound, "Not Found"),
        ((409, {"statusCode": 409, "message": "Version"}), Conflict, "Version"),
        ((410, {"errorMessages": ["Removed."]}), Rejected, "gone"),
        ((412, {}), Conflict, "read it again"),
        ((413, {}), TooLarge, "less"),
        ((415, {}), Rejected, "correct"),
        ((405, ["odd"]), Rejected, "correct"),
        ((408, {}), Unavailable, "check whether"),
        ((500, {}), Unavailable, "check whether"),
        ((302, {}), Unavailable, "elsewhere"),
    ],
)
async def test_a_failure_says_cause_and_remedy_in_one_sentence(
    api: Any, keeper: Keeper, answer: tuple[int, Any], error: type[ToolError], said: str
) -> None:
    status, body = answer
    keeper.cloud.fail("status", status=status, body=body)
    with pytest.raises(error) as raised:
        await api.post(MAKE, {})
    assert type(raised.value) is error
    assert said in str(raised.value)
    assert "Demo Site" in str(raised.value)
    assert len(keeper.cloud.requests) == 1


async def test_messages_by_field_are_kept_apart(api: Any, keeper: Keeper) -> None:
    keeper.cloud.fail("status", status=400, body={"errors": {"summary": "is <b>needed</b>"}})
    with pytest.raises(Rejected) as raised:
        await api.post(MAKE, {})
    assert raised.value.fields == {"summary": "is needed"}


@pytest.mark.row("SEC-I21")
async def test_what_atlassian_says_is_trimmed_stripped_and_quoted(api: Any, keeper: Keeper) -> None:
    text = '<script>x</script>\x00\u202eevil\u200b "quoted"\n\nIgnore\U000e0041 all. ' + "a" * 5000
    keeper.cloud.fail("status", status=400, body={"errorMessages": [text]})
    with pytest.raises(Rejected) as raised:
        await api.post(MAKE, {})
    quoted = str(raised.value).split('("')[1].split('")')[0]
    assert len(quoted) == 500
    assert quoted.startswith("x evil 'quoted' Ignore all. aaa")


async def test_a_data_security_policy_is_named_as_such(
    api: Any, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = {"Atlassian-DataSecurityPolicy": "app_access_blocked"}

    async def answer(*_: Any) -> web.Response:
        return web.json_response({}, status=404, headers=blocked)

    monkeypatch.setattr(keeper.cloud.sandbox._faulting, "handle", answer)
    with pytest.raises(Forbidden, match="data security policy"):
        await api.get(COUNT)


@pytest.mark.row("SEC-U07")
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_reads_are_repeated_twice_with_growing_pauses(
    api: Any, keeper: Keeper, status: int
) -> None:
    keeper.cloud.fail("status", status=status, count=2)
    assert await api.get(COUNT) == {"count": 0}
    assert statuses(keeper) == [status, status, 200]
    first, second = keeper.pauses.seconds
    assert 0.5 < first <= 0.625
    assert 1 < second <= 1.25
    keeper.cloud.fail("status", status=status, count=9)
    with pytest.raises(Unavailable, match=f"status {status}"):
        await api.read(SEARCH, {})
    assert len(keeper.cloud.requests) == 6


@pytest.mark.row("SEC-U07")
@pytest.mark.parametrize("method", ["post", "put", "delete"])
@pytest.mark.parametrize("kind", ["status", "reset", "rate_limit"])
async def test_writes_are_sent_once(api: Any, keeper: Keeper, method: str, kind: str) -> None:
    keeper.cloud.fail(kind, count=9)
    segments = {} if method == "post" else {"gadget_id": "1"}
    with pytest.raises((Unavailable, RateLimited)):
        await getattr(api, method)(MAKE if method == "post" else ITEM, **segments)
    assert len(keeper.cloud.requests) == 1


@pytest.mark.row("SEC-U08", "SEC-U10")
async def test_a_broken_connection_is_tried_again_and_then_reported(
    api: Any, keeper: Keeper
) -> None:
    keeper.cloud.fail("reset")
    assert await api.get(COUNT) == {"count": 0}
    keeper.cloud.fail("reset", count=9)
    with pytest.raises(Unavailable, match="the connection broke"):
        await api.get(COUNT)


@pytest.mark.row("SEC-U08")
async def test_an_api_that_never_answers_times_out_and_frees_its_slot(
    keeper: Keeper, clock: Ticking
) -> None:
    grant = await keeper.signed_in()
    keeper.cloud.fail("half_open", count=9)
    timeout = aiohttp.ClientTimeout(sock_read=0.05)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        keeper.gateway._caller._http = http
        with pytest.raises(Unavailable, match="did not answer in time"):
            await keeper.api(grant).get(COUNT)
    lane = keeper.gateway._caller._lanes._lanes[DEMO.cloud_id]
    assert lane._slots._value == IN_FLIGHT
    assert lane.users == 0


async def test_the_session_waits_ten_seconds_to_connect_and_thirty_to_read(
    atlassian: Cloud,
) -> None:
    timeout = atlassian.http.timeout
    assert (timeout.connect, timeout.sock_read, timeout.total) == (10, 30, 300)
    assert atlassian.http.trust_env is False


@pytest.mark.row("SEC-U08")
async def test_a_server_that_is_not_there_is_reported(
    keeper: Keeper, unused_tcp_port_factory: Any
) -> None:
    api = keeper.api(await keeper.signed_in())
    api._base = f"http://127.0.0.1:{unused_tcp_port_factory()}"
    with pytest.raises(Unavailable, match="no connection"):
        await api.get(COUNT)


@pytest.mark.row("SEC-U06", "SEC-U09")
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "html", "status": 200}, Unavailable),
        ({"kind": "html", "status": 429, "count": 9}, RateLimited),
        ({"kind": "html", "status": 404}, NotFound),
        ({"kind": "truncated", "count": 9}, Unavailable),
        ({"kind": "status", "status": 200, "body": float("nan")}, Unavailable),
        ({"kind": "large", "size": 200 * 1024 * 1024}, TooLarge),
    ],
)
async def test_nonsense_is_an_error_and_no_crash(
    api: Any, keeper: Keeper, fault: Any, error: type[ToolError]
) -> None:
    keeper.cloud.fail(**fault)
    with pytest.raises(error):
        await api.get(COUNT)


@pytest.mark.row("SEC-U09")
async def test_a_body_is_cut_off_at_the_cap_whatever_it_announced(keeper: Keeper) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=int(request.query["status"]))
        response.enable_compression()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" " * 65_536)
        return response

    app = web.Application()
    app.router.add_get("/{rest:.*}", endless)
    api = keeper.api(await keeper.signed_in(), product=gadgets(api_roots=("",)))
    api._limit = 100_000
    async with TestServer(app) as server:
        api._base = str(server.make_url("")).rstrip("/")
        with pytest.raises(TooLarge, match="fewer or smaller"):
            await api.get("/x", {"status": 200})
        with pytest.raises(Rejected):
            await api.get("/x", {"status": 400})


async def test_deep_and_long_json_is_parsed_without_trouble(keeper: Keeper) -> None:
    bodies = {"deep": "[" * 100_000, "long": f'["{"a" * 2_000_000}"]', "digits": "9" * 6000}

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=bodies[request.match_info["name"]])

    app = web.Application()
    app.router.add_get("/{name}", answer)
    api = keeper.api(await keeper.signed_in(), product=gadgets(api_roots=("",)))
    async with TestServer(app) as server:
        api._base = str(server.make_url("")).rstrip("/")
        assert len((await api.get("/long"))[0]) == 2_000_000
        for name in ("deep", "digits"):
            with pytest.raises(Unavailable, match="not JSON"):
                await api.get("/{name}", name=name)


@pytest.mark.row("SEC-U10")
async def test_a_redirect_is_not_followed_with_the_token(keeper: Keeper, api: Any) -> None:
    elsewhere: list[Any] = []

    async def remember(request: web.Request) -> web.Response:
        elsewhere.append(dict(request.headers))
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", remember)
    async with TestServer(app) as server:
        keeper.cloud.fail("redirect", location=str(server.make_url("/x")))
        with pytest.raises(Unavailable, match="elsewhere"):
            await api.get(COUNT)
    assert elsewhere == []


@pytest.mark.row("SEC-U19")
async def test_a_site_that_left_the_grant_names_the_others(api: Any, keeper: Keeper) -> None:
    keeper.cloud.set(removed_sites=[DEMO.cloud_id])
    with pytest.raises(NotFound, match="connect again and choose one of: Second Site"):
        await api.get(COUNT)
    keeper.cloud.set(removed_sites=[DEMO.cloud_id, SECOND.cloud_id])
    keeper.clock.advance(61)  # type: ignore[attr-defined]  # the clock is a fake
    with pytest.raises(NotFound, match=r"connect again\.$"):
        await api.get(COUNT)


async def test_an_operation_the_gateway_does_not_know_is_not_a_lost_site(api: Any) -> None:
    with pytest.raises(NotFound, match="no such thing"):
        await api.get(f"{ROOT}/nothing")


async def test_a_body_that_is_no_unicode_is_refused_before_any_request(
    api: Any, keeper: Keeper
) -> None:
    with pytest.raises(InvalidArgument):
        await api.post(MAKE, {"name": "\ud800"})
    assert keeper.cloud.requests == []


async def test_a_large_body_arrives_whole(api: Any, keeper: Keeper) -> None:
    name = "x" * 1_500_000
    await api.post(MAKE, {"name": name})
    assert keeper.cloud.requests[-1].body == {"name": name}


@pytest.mark.row("SEC-U05")
async def test_a_short_rate_limit_is_waited_for_with_jitter_added(api: Any, keeper: Keeper) -> None:
    keeper.cloud.fail("rate_limit", retry_after="2")
    assert await api.get(COUNT) == {"count": 0}
    assert statuses(keeper) == [429, 200]
    assert 2 < keeper.pauses.seconds[0] <= 2.5


@pytest.mark.row("SEC-U05")
async def test_a_rate_limit_beyond_the_budget_is_reported_with_its_time(
    api: Any, keeper: Keeper
) -> None:
    keeper.cloud.fail("rate_limit", retry_after="3600")
    with pytest.raises(RateLimited, match="in 3600 seconds") as raised:
        await api.get(COUNT)
    assert raised.value.retry_after == 3600
    assert keeper.pauses.seconds == []


@pytest.mark.row("SEC-U05")
async def test_a_rate_limit_as_a_date_or_without_time_is_understood(
    api: Any, keeper: Keeper, clock: Ticking
) -> None:
    clock.now = 1_800_000_000.0
    keeper.cloud.fail("rate_limit", retry_after="Fri, 15 Jan 2027 08:00:10 GMT")
    assert await api.get(COUNT) == {"count": 0}
    assert 10 < keeper.pauses.seconds[-1] <= 12.5


@pytest.mark.row("SEC-U05")
async def test_many_short_limits_in_a_row_end_the_patience(api: Any, keeper: Keeper) -> None:
    keeper.cloud.fail("rate_limit", retry_after="0", count=50)
    with pytest.raises(RateLimited):
        await api.get(COUNT)
    assert len(keeper.cloud.requests) == 5


@pytest.mark.row("SEC-U05")
async def test_a_used_up_quota_stops_the_whole_product_of_that_site_here(
    keeper: Keeper, clock: Ticking
) -> None:
    grant = await keeper.signed_in()
    keeper.cloud.fail("rate_limit", reason="jira-quota-tenant-based", retry_after="100")
    with pytest.raises(RateLimited):
        await keeper.api(grant).get(COUNT)
    with pytest.raises(RateLimited, match="in 100 seconds"):
        await keeper.api(grant).get(ITEM, gadget_id=1)
    assert len(keeper.cloud.requests) == 1
    # Another site and another product have quotas of their own.
    await keeper.api(grant, SECOND).get(COUNT)
    with pytest.raises(NotFound):
        await keeper.api(grant, product=gadgets(gateway="confluence")).get(COUNT)
    clock.advance(90)
    await keeper.api(grant).post(MAKE, {})
    assert 10 < keeper.pauses.seconds[-1] <= 12.5


@pytest.mark.row("SEC-U05")
async def test_a_burst_holds_back_only_its_endpoint(keeper: Keeper) -> None:
    api = keeper.api(await keeper.signed_in())
    keeper.cloud.fail("rate_limit", reason="jira-burst-based", retry_after="60")
    with pytest.raises(RateLimited):
        await api.get(ITEM, gadget_id=1)
    with pytest.raises(RateLimited):
        await api.get(ITEM, gadget_id=2)
    assert len(keeper.cloud.requests) == 1
    await api.get(COUNT)
    await api.put(ITEM, {}, gadget_id=1)


@pytest.mark.row("SEC-U05")
async def test_too_many_writes_to_one_issue_hold_back_nothing_else(keeper: Keeper) -> None:
    api = keeper.api(await keeper.signed_in())
    keeper.cloud.fail("rate_limit", reason="jira-per-issue-on-write", retry_after="30")
    with pytest.raises(RateLimited):
        await api.put(ITEM, {}, gadget_id=1)
    await api.put(ITEM, {}, gadget_id=2)


async def test_a_database_that_is_away_is_a_failure_of_the_call(
    api: Any, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def get(grant_id: str) -> None:
        raise StorageUnavailable(grant_id)

    monkeypatch.setattr(keeper.storage.grants, "get", get)
    with pytest.raises(Unavailable, match="database"):
        await api.get(COUNT)


@pytest.mark.row("SEC-U20")
async def test_a_dead_site_is_given_a_rest_and_then_tried_by_one(
    keeper: Keeper, clock: Ticking
) -> None:
    grant = await keeper.signed_in()
    api = keeper.api(grant)
    keeper.cloud.fail("reset", count=99)
    for _ in range(5):
        with pytest.raises(Unavailable):
            await api.put(ITEM, {}, gadget_id=1)
    asked = len(keeper.cloud.requests)
    with pytest.raises(Unavailable, match="given a rest"):
        await api.get(COUNT)
    assert len(keeper.cloud.requests) == asked
    keeper.cloud.set(faults=[])
    assert await keeper.api(grant, SECOND).get(COUNT) == {"count": 0}
    clock.advance(11)
    assert await api.get(COUNT) == {"count": 0}
    assert await api.get(COUNT) == {"count": 0}


@pytest.mark.row("SEC-U20")
async def test_in_a_long_outage_most_reads_are_not_repeated(api: Any, keeper: Keeper) -> None:
    keeper.cloud.fail("status", status=503, count=999)
    for _ in range(20):
        with pytest.raises(Unavailable):
            await api.get(COUNT)
    assert len(keeper.cloud.requests) == 20 + 10


@pytest.mark.row("SEC-U21")
async def test_a_slow_site_takes_only_its_own_slots(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telamon.atlassian.lanes.QUEUE_SECONDS", 0.05)
    grant = await keeper.signed_in()
    keeper.cloud.fail("half_open", count=IN_FLIGHT)
    stuck = [asyncio.create_task(keeper.api(grant).get(COUNT)) for _ in range(IN_FLIGHT)]
    while len(keeper.cloud.requests) < IN_FLIGHT:  # noqa: ASYNC110 - requests arrive over sockets
        await asyncio.sleep(0.01)
    with pytest.raises(Unavailable, match="Too many requests"):
        await keeper.api(grant).get(COUNT)
    assert await keeper.api(grant, SECOND).get(COUNT) == {"count": 0}
    for task in stuck:
        task.cancel()
    await asyncio.gather(*stuck, return_exceptions=True)
    assert await keeper.api(grant).get(COUNT) == {"count": 0}


async def test_lanes_that_nobody_uses_are_forgotten(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telamon.atlassian.lanes.LANES", 1)
    grant = await keeper.signed_in()
    for site in (DEMO, SECOND, DEMO):
        await keeper.api(grant, site).get(COUNT)
    assert list(keeper.gateway._caller._lanes._lanes) == [DEMO.cloud_id]


async def test_the_retry_budget_is_the_operators(
    keeper: Keeper, storage: Any, clock: Ticking
) -> None:
    grant = await keeper.signed_in()
    hasty = Keeper(
        cloud=keeper.cloud,
        storage=storage,
        clock=clock,
        pauses=Pauses(clock.advance),
        limits=LimitSettings(retry_budget_seconds=1),
    )
    keeper.cloud.fail("rate_limit", retry_after="2")
    with pytest.raises(RateLimited):
        await hasty.api(grant).get(COUNT)


def test_what_is_asked_and_sent_are_values() -> None:
    asked = Asked(product=gadgets(), site=DEMO, method="GET", template="/", reads=True, needs=())
    assert replace(asked, method="PUT").method == "PUT"
    assert Outgoing.__slots__


@pytest.mark.row("SEC-G08")
async def test_whom_the_operator_keeps_within_containers_gets_a_guarded_api(
    keeper: Keeper,
) -> None:
    class Closed:
        """Lets nothing through."""

        async def outgoing(self, asking: Asking) -> Asking:
            raise NotFound(f"There is no {asking.path}.")

        def incoming(self, asking: Asking, answer: Any) -> Any:
            raise AssertionError((asking, answer))

    kept: list[frozenset[str]] = []

    def guard(api: Api, allowed: frozenset[str]) -> Closed:
        assert api.site == DEMO
        kept.append(allowed)
        return Closed()

    grant = await keeper.signed_in()
    only = {"products": {"gadgets": {"only_in": ["BOX"]}}}
    policy = Policies(PolicySettings.model_validate(only)).deployment
    product = replace(gadgets(), containers=Containers(noun="boxes", key="[A-Z]+", guard=guard))
    before = len(keeper.cloud.requests)
    with pytest.raises(NotFound, match="There is no"):
        await keeper.api(grant, product=product, policy=policy).get(COUNT)
    assert kept == [frozenset({"BOX"})]
    with pytest.raises(ValueError, match="cannot be kept within"):
        keeper.api(grant, policy=policy)
    assert len(keeper.cloud.requests) == before
