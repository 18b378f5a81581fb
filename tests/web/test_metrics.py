import re
from dataclasses import fields
from typing import Any, get_args

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from telamon.plugin import ConsentGiven, Event, GrantChanged, LimitHit, TokenIssued, ToolCalled
from telamon.web.metrics import Metrics, metrics_application

PRIVATE = "ada@example.com"


def an_event(kind: type[Any]) -> Any:
    """An event of *kind* whose every text is something private."""
    values: dict[Any, Any] = {str: PRIVATE, bool: True, float: 0.2, str | None: PRIVATE}
    values[tuple[str, ...]] = (PRIVATE,)
    words = {"change": "created", "limit": "calls", "outcome": "ok", "product": "jira"}
    return kind(**{each.name: words.get(each.name, values[each.type]) for each in fields(kind)})


async def scrape(metrics: Metrics, aiohttp_client: AiohttpClient) -> str:
    client = await aiohttp_client(metrics_application(metrics))
    answer = await client.get("/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return await answer.text()


@pytest.mark.row("SEC-L08")
async def test_no_event_puts_a_person_or_a_client_into_a_label(
    aiohttp_client: AiohttpClient,
) -> None:
    metrics = Metrics(["getJiraIssue"])
    for kind in get_args(Event):
        metrics.on_event(an_event(kind))
    said = await scrape(metrics, aiohttp_client)
    assert PRIVATE not in said
    counted = set(re.findall(r'telamon_events_total\{detail="(\w*)",event="(\w+)"\} 1\.0', said))
    assert counted == {
        ("", "client_registered"),
        ("approved", "consent_given"),
        ("began", "session_changed"),
        ("", "code_issued"),
        ("", "code_replayed"),
        ("refreshed", "token_issued"),
        ("", "token_reused"),
        ("", "tokens_revoked"),
        ("created", "grant_changed"),
        ("calls", "limit_hit"),
    }


async def test_details_tell_events_of_one_kind_apart(aiohttp_client: AiohttpClient) -> None:
    metrics = Metrics()
    consent = ConsentGiven(
        client_id="c", client_name="n", redirect_host="h", approved=False, scopes=()
    )
    token = TokenIssued(
        account_id="a", client_id="c", family_id="f", cloud_id="s", scopes=(), refreshed=False
    )
    for event in (
        consent,
        token,
        GrantChanged(account_id="a", grant_id="g", change="needs_reauth", reason="revoked"),
        LimitHit(limit="tokens", key="k"),
    ):
        metrics.on_event(event)
    said = await scrape(metrics, aiohttp_client)
    for detail in ("denied", "first", "needs_reauth", "tokens"):
        assert f'detail="{detail}"' in said


async def test_tool_calls_are_timed_by_tool_and_unknown_names_share_a_label(
    aiohttp_client: AiohttpClient,
) -> None:
    metrics = Metrics(["getJiraIssue"])
    for tool in ("getJiraIssue", "x" * 1000, "y"):
        metrics.on_event(
            ToolCalled(
                tool=tool,
                product="jira",
                access="read",
                account_id="a",
                client_id="c",
                cloud_id="s",
                seconds=0.2,
                outcome="ok",
            )
        )
    said = await scrape(metrics, aiohttp_client)
    counts = re.findall(r'telamon_tool_call_seconds_count\{.*tool="(\w+)"\} (\d)', said)
    assert sorted(counts) == [("getJiraIssue", "1"), ("other", "2")]


@pytest.mark.row("SEC-L08", "SEC-R07")
async def test_requests_are_counted_with_bounded_labels(aiohttp_client: AiohttpClient) -> None:
    metrics = Metrics()
    metrics.observe("GET", "/v1/mcp", 200, 0.01)
    metrics.observe("MADE-UP", "unmatched", 405, 0.01)
    said = await scrape(metrics, aiohttp_client)
    assert 'telamon_http_request_seconds_count{method="GET",route="/v1/mcp",status="200"} 1' in said
    assert 'method="other",route="unmatched",status="405"' in said
    assert "MADE-UP" not in said


async def test_what_is_watched_is_read_when_somebody_looks(aiohttp_client: AiohttpClient) -> None:
    metrics, streams = Metrics(), [1]
    metrics.watch("streams", "Open streams.", lambda: len(streams))
    streams.append(2)
    assert "telamon_streams 2.0" in await scrape(metrics, aiohttp_client)


@pytest.mark.row("SEC-H06")
async def test_the_listener_serves_metrics_and_nothing_else(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(metrics_application(Metrics()))
    assert (await client.get("/")).status == 404


async def test_two_applications_do_not_share_a_registry() -> None:
    assert Metrics().registry is not Metrics().registry
