from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from fakes.cloud import ADA, CALLBACK, DEMO, SCOPES, Cloud, Pauses, Ticking
from fakes.gadgets import ROOT, gadgets
from yarl import URL

from telamon.sandbox import Sandbox
from telamon.sandbox.switches import Board


@pytest.fixture
async def token(atlassian: Cloud) -> str:
    return (await atlassian.oauth.exchange(atlassian.code())).access_token


async def call(
    atlassian: Cloud, token: str, method: str, path: str, *, site: str = DEMO.cloud_id, **how: Any
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", **how.pop("headers", {})}
    url = f"{atlassian.base}/ex/{how.pop('gateway', 'jira')}/{site}{path}"
    async with atlassian.http.request(
        method, url, headers=headers, allow_redirects=False, **how
    ) as response:
        raw = await response.read()
        return response.status, (await response.json()) if raw and raw[:1] in b"{[" else raw


async def switches(atlassian: Cloud, body: Any) -> tuple[int, Any]:
    async with atlassian.http.post(f"{atlassian.base}/_sandbox/switches", json=body) as response:
        return response.status, await response.json()


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic abc", "bearer"])
async def test_without_a_good_token_there_is_nothing(atlassian: Cloud, authorization: str) -> None:
    status, body = await call(
        atlassian, "", "GET", f"{ROOT}/open", headers={"Authorization": authorization}
    )
    assert (status, body) == (401, {"code": 401, "message": "Unauthorized"})


async def test_a_scope_that_is_missing_is_refused_as_atlassian_does(atlassian: Cloud) -> None:
    answer = await atlassian.oauth.exchange(atlassian.code(scopes=["read:gadgets"]))
    status, body = await call(atlassian, answer.access_token, "POST", f"{ROOT}/gadget", json={})
    assert (status, body) == (401, {"code": 401, "message": "Unauthorized; scope does not match"})
    status, body = await call(atlassian, answer.access_token, "GET", f"{ROOT}/open")
    assert (status, body) == (200, {"reader": "Ada Example"})


@pytest.mark.parametrize(
    ("path", "how"),
    [
        (f"{ROOT}/open", {"site": "unknown"}),
        (f"{ROOT}/open", {"gateway": "compass"}),
        (f"{ROOT}/nothing", {}),
        (f"{ROOT}/gadget/", {}),
        ("", {}),
    ],
)
async def test_what_is_not_there_is_404(
    atlassian: Cloud, token: str, path: str, how: dict[str, str]
) -> None:
    assert (await call(atlassian, token, "GET", path, **how))[0] == 404


async def test_a_known_path_with_another_method_is_405(atlassian: Cloud, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{atlassian.base}/ex/jira/{DEMO.cloud_id}{ROOT}/gadget/1"
    async with atlassian.http.post(url, headers=headers) as response:
        assert response.status == 405
        assert response.headers["Allow"] == "GET, PUT, DELETE"


async def test_a_literal_segment_beats_a_parameter(atlassian: Cloud, token: str) -> None:
    assert (await call(atlassian, token, "GET", f"{ROOT}/gadget/count"))[1] == {"count": 0}
    _, body = await call(atlassian, token, "GET", f"{ROOT}/gadget/counted")
    assert body["id"] == "counted"


async def test_an_unknown_query_parameter_is_refused(atlassian: Cloud, token: str) -> None:
    status, body = await call(atlassian, token, "GET", f"{ROOT}/gadget/1?fields=a&feilds=b")
    assert status == 400
    assert body["errorMessages"] == ["unknown query parameter feilds"]


@pytest.mark.parametrize(
    ("data", "media_type", "problem"),
    [
        (b"{", "application/json", "not JSON"),
        (b"\xff", "application/json", "not JSON"),
        (b"[" * 100_000, "application/json", "not JSON"),
        (b"a=1", "application/x-www-form-urlencoded", "application/json"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(
    atlassian: Cloud, token: str, data: bytes, media_type: str, problem: str
) -> None:
    headers = {"Content-Type": media_type}
    status, body = await call(
        atlassian, token, "POST", f"{ROOT}/gadget", data=data, headers=headers
    )
    assert status == 400
    assert problem in body["errorMessages"][0]


def form(*parts: tuple[str, str | None], boundary: str = "x") -> dict[str, Any]:
    """A multipart body written out, so that it can also be wrong."""
    lines: list[str] = []
    for disposition, text in parts:
        lines += [f"--{boundary}", f"Content-Disposition: form-data{disposition}", "", text or ""]
    return {
        "data": "\r\n".join([*lines, f"--{boundary}--", ""]),
        "headers": {
            "Content-Type": "multipart/form-data; boundary=x",
            "X-Atlassian-Token": "no-check",
        },
    }


FILE = '; name="file"; filename="a.txt"', "data"


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (form(FILE) | {"headers": {"Content-Type": "multipart/form-data; boundary=x"}}, "XSRF"),
        (form(FILE, FILE), "exactly one"),
        (form(('; name="data"; filename="a.txt"', "x")), "exactly one"),
        (form(('; name="comment"', "x")), "no part named file"),
        (form(("", "x")), "no name"),
        (form(FILE, boundary="y"), "cannot be read"),
    ],
)
async def test_a_form_has_to_be_exactly_right(
    atlassian: Cloud, token: str, sent: dict[str, Any], problem: str
) -> None:
    status, body = await call(atlassian, token, "POST", f"{ROOT}/file", **sent)
    assert status == 400
    assert problem in body["errorMessages"][0]
    assert (await call(atlassian, token, "POST", f"{ROOT}/file", **form(FILE)))[0] == 200


async def test_a_file_comes_by_a_redirect_that_needs_no_token_and_takes_none(
    atlassian: Cloud, token: str, clock: Ticking
) -> None:
    url = f"{atlassian.base}/ex/%s/{DEMO.cloud_id}{ROOT}/file/1"
    headers = {"Authorization": f"Bearer {token}"}
    for gateway, expected in (("jira", 303), ("confluence", 302)):
        async with atlassian.http.get(
            url % gateway, headers=headers, allow_redirects=False
        ) as response:
            location = response.headers["Location"]
            assert response.status == expected
    assert location.startswith("http://localhost:")
    async with atlassian.http.get(location) as response:
        assert await response.read() == b"the file"
    async with atlassian.http.get(location, headers=headers) as response:
        assert response.status == 400
    clock.advance(301)
    for gone in (location, f"{location}x"):
        async with atlassian.http.get(gone) as response:
            assert response.status == 403
    atlassian.set(redirect_downloads=False)
    assert (await call(atlassian, token, "GET", f"{ROOT}/file/1"))[0] == 200


async def test_old_files_leave_the_media_host(
    atlassian: Cloud, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telamon.sandbox.media.KEPT", 1)
    for _ in range(3):
        await call(atlassian, token, "GET", f"{ROOT}/file/1")
    assert len(atlassian.sandbox._media._files) == 1


async def test_the_record_shows_every_request_and_no_token(atlassian: Cloud, token: str) -> None:
    await call(atlassian, token, "GET", f"{ROOT}/gadget/a%2Fb?fields=x&tag=1&tag=2")
    await call(atlassian, token, "POST", f"{ROOT}/gadget", json={"name": "n"})
    await call(atlassian, token, "POST", f"{ROOT}/file", **form(FILE, ('; name="c"', "d")))
    async with atlassian.http.get(f"{atlassian.base}/_sandbox/requests") as response:
        text = await response.text()
        exchange, read, write, upload = (await response.json())["requests"]
    assert token not in text
    assert "secret" not in text
    assert (exchange["method"], exchange["raw_path"]) == ("POST", "/oauth/token")
    assert exchange["body"] is None
    assert {**read, "connection": 0} == {
        "method": "GET",
        "raw_path": f"/ex/jira/{DEMO.cloud_id}{ROOT}/gadget/a%2Fb",
        "connection": 0,
        "product": "gadgets",
        "site": DEMO.cloud_id,
        "account_id": ADA.account_id,
        "template": f"{ROOT}/gadget/{{gadget-id}}",
        "path": f"{ROOT}/gadget/a%2Fb",
        "query": {"fields": ["x"], "tag": ["1", "2"]},
        "scopes": ["read:gadgets"],
        "body": None,
        "status": 200,
    }
    assert write["body"] == {"name": "n"}
    assert upload["body"] == {
        "fields": {"c": "d"},
        "file": {"filename": "a.txt", "media_type": "application/octet-stream", "size": 4},
    }
    async with atlassian.http.delete(f"{atlassian.base}/_sandbox/requests") as response:
        assert response.status == 204
    assert not atlassian.sandbox.journal.entries


async def test_switches_are_set_by_name_and_shown(atlassian: Cloud) -> None:
    status, body = await switches(atlassian, {"latency_ms": 5, "faults": [{"kind": "html"}]})
    assert status == 200
    assert body["switches"]["latency_ms"] == 5
    await switches(atlassian, {"rotation": False})
    async with atlassian.http.get(f"{atlassian.base}/_sandbox/switches") as response:
        shown = (await response.json())["switches"]
    assert (shown["latency_ms"], shown["rotation"]) == (5, False)
    assert shown["faults"][0]["kind"] == "html"


@pytest.mark.parametrize(
    "body", [{"latency": 5}, {"latency_ms": -1}, {"faults": [{"kind": "fire"}]}, [], "x"]
)
async def test_an_unknown_switch_or_value_changes_nothing(atlassian: Cloud, body: Any) -> None:
    before = atlassian.sandbox.board.now
    status, answer = await switches(atlassian, body)
    assert (status, "error" in answer) == (400, True)
    assert atlassian.sandbox.board.now == before
    url, json_type = f"{atlassian.base}/_sandbox/switches", {"Content-Type": "application/json"}
    async with atlassian.http.post(url, data=b"{", headers=json_type) as response:
        assert response.status == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "application/json", "Origin": "https://evil.example.com"}, 403),
        ({"Content-Type": "application/json", "Origin": "null"}, 403),
        ({"Content-Type": "application/json", "Origin": "ours"}, 200),
    ],
)
async def test_a_foreign_page_cannot_set_switches(
    atlassian: Cloud, headers: dict[str, str], status: int
) -> None:
    url = f"{atlassian.base}/_sandbox/switches"
    if headers.get("Origin") == "ours":
        headers = {**headers, "Origin": str(URL(url).origin())}
    async with atlassian.http.post(url, data=b'{"latency_ms": 5}', headers=headers) as response:
        assert response.status == status
    assert atlassian.sandbox.board.now.latency_ms == (5 if status == 200 else 0)


async def test_latency_comes_before_everything_but_the_switches(
    atlassian: Cloud, token: str, clock: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = Pauses(clock.advance)
    monkeypatch.setattr(atlassian.sandbox._faulting, "_pause", pauses)
    await switches(atlassian, {"latency_ms": 30, "faults": [{"kind": "status"}]})
    for expected in (503, 200):
        assert (await call(atlassian, token, "GET", f"{ROOT}/open"))[0] == expected
    assert pauses.seconds == [0.03, 0.03]


async def test_a_fault_happens_as_often_as_told_where_told(atlassian: Cloud, token: str) -> None:
    atlassian.set(
        faults=[
            {"kind": "status", "status": 502, "count": 2},
            {"kind": "status", "on": "identity", "status": 500},
        ]
    )
    got = [(await call(atlassian, token, "GET", f"{ROOT}/open"))[0] for _ in range(3)]
    assert got == [502, 502, 200]
    headers = {"Authorization": f"Bearer {token}"}
    for expected in (500, 200):
        async with atlassian.http.get(f"{atlassian.base}/me", headers=headers) as response:
            assert response.status == expected
    assert atlassian.sandbox.board.now.faults == ()


async def test_a_processed_fault_loses_only_the_answer(atlassian: Cloud, token: str) -> None:
    atlassian.fail("reset", processed=True)
    with pytest.raises(aiohttp.ClientError):
        await call(atlassian, token, "POST", f"{ROOT}/gadget", json={})
    assert (await call(atlassian, token, "GET", f"{ROOT}/gadget/count"))[1] == {"count": 1}


async def test_a_rate_limit_has_the_documented_headers(atlassian: Cloud, token: str) -> None:
    atlassian.fail("rate_limit", reason="jira-quota-global-based", retry_after=None)
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{atlassian.base}/ex/jira/{DEMO.cloud_id}{ROOT}/open"
    async with atlassian.http.get(url, headers=headers) as response:
        assert response.status == 429
        assert response.headers["RateLimit-Reason"] == "jira-quota-global-based"
        assert response.headers["X-RateLimit-Remaining"] == "0"
        assert response.headers["X-RateLimit-Reset"] == "2027-01-15T08:01:00+00:00"
        assert "Retry-After" not in response.headers
    async with atlassian.http.get(url, headers=headers) as response:
        assert response.headers["X-RateLimit-Remaining"] == "349"


async def test_bodies_can_be_html_cut_short_or_large(atlassian: Cloud, token: str) -> None:
    atlassian.set(
        faults=[
            {"kind": "html", "status": 200},
            {"kind": "large", "size": 200_000},
            {"kind": "truncated"},
        ]
    )
    assert b"Log in" in (await call(atlassian, token, "GET", f"{ROOT}/open"))[1]
    assert len((await call(atlassian, token, "GET", f"{ROOT}/open"))[1]) == 200_000
    with pytest.raises(aiohttp.ClientPayloadError):
        await call(atlassian, token, "GET", f"{ROOT}/open")


async def test_actions_revoke_expire_and_reset(atlassian: Cloud, token: str) -> None:
    answer = await atlassian.oauth.exchange(atlassian.code())
    await switches(atlassian, {"expire_access_tokens": True})
    assert (await call(atlassian, token, "GET", f"{ROOT}/open"))[0] == 401
    renewed = await atlassian.oauth.refresh(answer.refresh_token or "")
    assert (await call(atlassian, renewed.access_token, "GET", f"{ROOT}/open"))[0] == 200
    await switches(atlassian, {"revoke_app": True, "latency_ms": 1})
    assert (await call(atlassian, renewed.access_token, "GET", f"{ROOT}/open"))[0] == 401
    status, body = await switches(atlassian, {"reset": True})
    assert (status, body["switches"]["latency_ms"]) == (200, 0)
    assert body["counts"] == {"exchanges": 0, "refreshes": 0, "reuses": 0, "breaches": 0}
    assert not atlassian.sandbox.grants.refresh


async def test_reset_brings_back_the_first_days_data(atlassian: Cloud, token: str) -> None:
    await call(atlassian, token, "POST", f"{ROOT}/gadget", json={})
    atlassian.sandbox.reset()
    again = (await atlassian.oauth.exchange(atlassian.code())).access_token
    assert (await call(atlassian, again, "GET", f"{ROOT}/gadget/count"))[1] == {"count": 0}


async def test_it_works_under_a_prefix_of_another_server_and_without_a_fixed_callback(
    unused_tcp_port: int,
) -> None:
    base = f"http://127.0.0.1:{unused_tcp_port}/_atlassian"
    sandbox = Sandbox(
        [gadgets(), gadgets(name="bare", gateway="bare", sandbox=None)],
        public_base=base,
        client_id="a",
        client_secret="b",
    )
    outer = web.Application()
    outer.add_subapp("/_atlassian", sandbox.app())
    asked = {
        "audience": "api.atlassian.com",
        "client_id": "a",
        "scope": " ".join(SCOPES),
        "redirect_uri": CALLBACK,
        "state": "s",
        "response_type": "code",
        "prompt": "consent",
    }
    async with TestServer(outer, port=unused_tcp_port), aiohttp.ClientSession() as http:
        async with http.get(f"{base}/authorize", params=asked) as response:
            assert response.status == 200
        other = asked | {"redirect_uri": "https://other.example.com/"}
        async with http.get(f"{base}/authorize", params=other) as response:
            assert response.status == 400
        code = sandbox.grants.consent(
            ADA.account_id,
            scopes=SCOPES,
            cloud_ids=[DEMO.cloud_id],
            redirect_uri=CALLBACK,
            challenge=None,
        )
        sent = {
            "grant_type": "authorization_code",
            "client_id": "a",
            "client_secret": "b",
            "code": code,
            "redirect_uri": CALLBACK,
        }
        async with http.post(f"{base}/oauth/token", json=sent) as response:
            token = (await response.json())["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{base}/ex/jira/{DEMO.cloud_id}{ROOT}/file/1"
        async with http.get(url, headers=headers, allow_redirects=False) as response:
            location = response.headers["Location"]
        assert location.startswith(f"http://localhost:{unused_tcp_port}/_atlassian/_media/")
        async with http.get(location) as response:
            assert await response.read() == b"the file"


def test_the_sandboxs_time_goes_on_when_the_scale_changes(clock: Ticking) -> None:
    board = Board(clock)
    begun = board.time()
    board.set({"clock_scale": 10})
    clock.advance(5)
    assert board.time() == begun + 50
    board.reset()
    clock.advance(5)
    assert board.time() == begun + 55
