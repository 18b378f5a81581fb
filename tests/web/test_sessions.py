from collections.abc import Awaitable, Callable
from http.cookies import Morsel
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from conftest import FakeClock
from pytest_aiohttp.plugin import AiohttpClient
from sqlalchemy import update
from structlog.testing import capture_logs

from telamon.addresses import Addresses
from telamon.plugin import Event, SessionChanged
from telamon.settings import TokenSettings
from telamon.storage import BrowserSession, Storage
from telamon.storage.schema import browser_sessions
from telamon.web.sessions import (
    account_of,
    csrf_matches,
    csrf_token,
    end,
    renew,
    session_of,
    setup_sessions,
)

Browser = TestClient[web.Request, Any]
OpenBrowser = Callable[[], Awaitable[Browser]]
NAME = "tlm_sid"
IDLE, ABSOLUTE = 1800, 8 * 3600


async def show(request: web.Request) -> web.Response:
    session = await session_of(request)
    return web.json_response({"data": dict(session), "account": account_of(session)})


async def put(request: web.Request) -> web.Response:
    (await session_of(request)).update(request.query)
    raise web.HTTPSeeOther("/show")


async def clear(request: web.Request) -> web.Response:
    (await session_of(request)).invalidate()
    return web.Response()


async def drop(request: web.Request) -> web.Response:
    del (await session_of(request))[request.query["key"]]
    return web.Response()


async def sign_in(request: web.Request) -> web.Response:
    await renew(request, account_id=request.query["as"])
    raise web.HTTPSeeOther("/show")


async def sign_out(request: web.Request) -> web.Response:
    response = web.Response()
    await end(request, response)
    (await session_of(request))["late"] = "write"
    return response


async def form(request: web.Request) -> web.Response:
    session = await session_of(request)
    return web.Response(text=csrf_token(session, request.query["for"], request.query["of"]))


async def check(request: web.Request) -> web.Response:
    session = await session_of(request)
    query = request.query
    return web.json_response(csrf_matches(session, query["token"], query["for"], query["of"]))


@pytest.fixture
def heard() -> list[Event]:
    return []


def an_app(
    storage: Storage, clock: FakeClock, heard: list[Event], addresses: Addresses
) -> web.Application:
    app = web.Application()
    setup_sessions(app, storage, addresses, TokenSettings(), clock, announce=heard.append)
    for handler in (show, put, clear, drop, sign_in, sign_out, form, check):
        app.router.add_get(f"/{handler.__name__}", handler)
    return app


@pytest.fixture
async def open_browser(
    storage: Storage, clock: FakeClock, heard: list[Event], aiohttp_client: AiohttpClient
) -> OpenBrowser:
    local = Addresses("http://localhost:8080")
    server_app = an_app(storage, clock, heard, local)
    first = await aiohttp_client(server_app)

    async def browser() -> Browser:
        return await aiohttp_client(first.server)

    return browser


async def seen(browser: Browser) -> object:
    return (await (await browser.get("/show")).json())["data"]


def cookie_of(browser: Browser) -> str:
    return browser.session.cookie_jar.filter_cookies(browser.make_url("/"))[NAME].value


async def replay(browser: Browser, cookie: str) -> object:
    answer = await browser.get("/show", headers={"Cookie": f"{NAME}={cookie}"})
    return (await answer.json())["data"]


async def set_cookie(browser: Browser, path: str, cookie: str | None = None) -> Morsel[str] | None:
    headers = {"Cookie": cookie} if cookie else {}
    answer = await browser.get(path, headers=headers, allow_redirects=False)
    return next(iter(answer.cookies.values()), None)


async def test_looking_at_a_page_stores_nothing_and_sets_no_cookie(
    open_browser: OpenBrowser,
) -> None:
    browser = await open_browser()
    answer = await browser.get("/show")
    assert "Set-Cookie" not in answer.headers
    assert await answer.json() == {"data": {}, "account": None}


async def test_what_is_put_in_is_there_after_a_redirect(open_browser: OpenBrowser) -> None:
    browser = await open_browser()
    answer = await browser.get("/put?a=1")
    assert await answer.json() == {"data": {"a": "1"}, "account": None}


async def test_an_unchanged_session_is_not_saved_and_its_cookie_not_repeated(
    open_browser: OpenBrowser, storage: Storage, clock: FakeClock
) -> None:
    browser = await open_browser()
    await browser.get("/put?a=1")
    record = await storage.browser_sessions.get(cookie_of(browser), clock())
    assert "Set-Cookie" not in (await browser.get("/put?a=1", allow_redirects=False)).headers
    assert await storage.browser_sessions.get(cookie_of(browser), clock()) == record


async def test_two_browsers_have_two_sessions(open_browser: OpenBrowser) -> None:
    one, two = await open_browser(), await open_browser()
    await one.get("/put?a=1")
    await two.get("/put?a=2")
    assert await seen(one) == {"a": "1"}
    assert await seen(two) == {"a": "2"}


@pytest.mark.row("SEC-S21")
async def test_on_https_the_cookie_is_bound_to_the_host_and_kept_from_scripts(
    storage: Storage, clock: FakeClock, heard: list[Event], aiohttp_client: AiohttpClient
) -> None:
    app = an_app(storage, clock, heard, Addresses("https://mcp.example.com"))
    browser = await aiohttp_client(app)
    cookie = await set_cookie(browser, "/put?a=1")
    assert cookie is not None
    assert cookie.key == "__Host-tlm_sid"
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    gone = await set_cookie(browser, "/sign_out", f"__Host-tlm_sid={cookie.value}")
    assert gone is not None
    assert (gone["secure"], gone["max-age"], gone["path"]) == (True, "0", "/")


@pytest.mark.row("SEC-S21")
async def test_on_https_a_cookie_of_the_loopback_name_is_not_read(
    storage: Storage, clock: FakeClock, heard: list[Event], aiohttp_client: AiohttpClient
) -> None:
    app = an_app(storage, clock, heard, Addresses("https://mcp.example.com"))
    browser = await aiohttp_client(app)
    cookie = await set_cookie(browser, "/put?a=1")
    assert cookie is not None
    assert await replay(browser, cookie.value) == {}


@pytest.mark.parametrize("cookie", ["", "x", "a" * 44, "a" * 8000, "../../" + "a" * 37, '"é"'])
async def test_a_made_up_cookie_is_an_empty_session(open_browser: OpenBrowser, cookie: str) -> None:
    assert await replay(await open_browser(), cookie) == {}


@pytest.mark.row("SEC-K04")
@pytest.mark.parametrize("data", [b"v1|k|", b"v1|gone|" + b"x" * 40])
async def test_a_session_that_does_not_open_is_an_empty_one(
    open_browser: OpenBrowser, storage: Storage, data: bytes
) -> None:
    browser = await open_browser()
    await browser.get("/put?a=1")
    async with storage._database.engine.begin() as connection:
        await connection.execute(update(browser_sessions).values(data=data))
    assert await seen(browser) == {}
    await browser.get("/sign_in?as=ada")
    assert await seen(browser) == {"account_id": "ada"}


@pytest.mark.row("SEC-S20")
async def test_signing_in_renews_the_id_and_deletes_the_old_record(
    open_browser: OpenBrowser, storage: Storage, clock: FakeClock, heard: list[Event]
) -> None:
    browser = await open_browser()
    await browser.get("/put?a=1")
    planted = cookie_of(browser)
    answer = await browser.get("/sign_in?as=ada")
    assert await answer.json() == {"data": {"a": "1", "account_id": "ada"}, "account": "ada"}
    assert cookie_of(browser) != planted
    assert await storage.browser_sessions.get(planted, clock()) is None
    assert await replay(await open_browser(), planted) == {}
    assert heard == [SessionChanged(account_id="ada", began=True)]


async def test_signing_in_without_a_session_begins_one(
    open_browser: OpenBrowser, storage: Storage, clock: FakeClock
) -> None:
    browser = await open_browser()
    await browser.get("/sign_in?as=ada")
    record = await storage.browser_sessions.get(cookie_of(browser), clock())
    assert record is not None
    assert record.account_id == "ada"


@pytest.mark.row("SEC-S25")
async def test_another_account_signing_in_takes_nothing_over(open_browser: OpenBrowser) -> None:
    browser = await open_browser()
    await browser.get("/sign_in?as=ada")
    await browser.get("/put?secret=of-ada")
    await browser.get("/sign_in?as=ben")
    assert await seen(browser) == {"account_id": "ben"}


async def test_an_account_keeps_its_twenty_newest_sessions(
    open_browser: OpenBrowser, clock: FakeClock
) -> None:
    cookies = []
    for _ in range(21):
        browser = await open_browser()
        await browser.get("/sign_in?as=ada")
        cookies.append(cookie_of(browser))
        clock.advance(1)
    fresh = await open_browser()
    found = [await replay(fresh, cookie) for cookie in cookies]
    assert found == [{}, *[{"account_id": "ada"}] * 20]


@pytest.mark.row("SEC-S22")
async def test_after_log_out_the_captured_cookie_is_worth_nothing(
    open_browser: OpenBrowser, heard: list[Event]
) -> None:
    browser = await open_browser()
    await browser.get("/sign_in?as=ada")
    captured = cookie_of(browser)
    await browser.get("/sign_out")
    assert NAME not in browser.session.cookie_jar.filter_cookies(browser.make_url("/"))
    assert await replay(browser, captured) == {}
    assert heard[-1] == SessionChanged(account_id="ada", began=False)


async def test_an_emptied_session_is_deleted_with_its_cookie(
    open_browser: OpenBrowser, storage: Storage, clock: FakeClock
) -> None:
    browser = await open_browser()
    await browser.get("/put?a=1")
    cookie = cookie_of(browser)
    await browser.get("/clear")
    assert await storage.browser_sessions.get(cookie, clock()) is None
    assert await set_cookie(browser, "/clear") is None


async def test_logging_out_without_a_session_does_no_harm(
    open_browser: OpenBrowser, heard: list[Event]
) -> None:
    assert (await (await open_browser()).get("/sign_out")).status == 200
    assert heard == []


@pytest.mark.row("R8")
async def test_a_session_ends_after_a_pause(
    open_browser: OpenBrowser, storage: Storage, clock: FakeClock
) -> None:
    browser = await open_browser()
    await browser.get("/sign_in?as=ada")
    clock.advance(IDLE)
    assert await seen(browser) == {"account_id": "ada"}
    clock.advance(IDLE + 1)
    assert await seen(browser) == {}
    assert await storage.browser_sessions.get(cookie_of(browser), clock()) is None


@pytest.mark.row("R8")
async def test_a_session_ends_at_its_absolute_age_however_busy(
    open_browser: OpenBrowser, clock: FakeClock
) -> None:
    browser = await open_browser()
    await browser.get("/sign_in?as=ada")
    for _ in range(ABSOLUTE // 1000):
        assert await seen(browser) == {"account_id": "ada"}
        clock.advance(1000)
    assert await seen(browser) == {"account_id": "ada"}
    clock.advance(1000)
    assert await seen(browser) == {}


async def test_a_visit_is_noted_at_most_every_tenth_of_the_pause(
    open_browser: OpenBrowser, storage: Storage, clock: FakeClock
) -> None:
    browser = await open_browser()
    await browser.get("/put?a=1")
    began = clock()
    clock.advance(IDLE / 10)
    await browser.get("/show")
    record = await storage.browser_sessions.get(cookie_of(browser), clock())
    assert record is not None
    assert record.last_seen_at == began
    clock.advance(1)
    await browser.get("/show")
    record = await storage.browser_sessions.get(cookie_of(browser), clock())
    assert record is not None
    assert record.last_seen_at == clock()


async def test_a_removed_key_stays_removed(open_browser: OpenBrowser) -> None:
    browser = await open_browser()
    await browser.get("/put?a=1&b=2")
    await browser.get("/drop?key=a")
    assert await seen(browser) == {"b": "2"}


async def test_two_tabs_that_write_at_once_lose_nothing(
    storage: Storage, clock: FakeClock, heard: list[Event], aiohttp_client: AiohttpClient
) -> None:
    app = an_app(storage, clock, heard, Addresses("http://localhost:8080"))
    browser: Browser

    async def slow(request: web.Request) -> web.Response:
        session = await session_of(request)
        await browser.get("/put?other=tab", allow_redirects=False)
        session["this"] = "tab"
        del session["old"]
        return web.Response()

    app.router.add_get("/slow", slow)
    browser = await aiohttp_client(app)
    await browser.get("/put?old=1")
    await browser.get("/slow")
    assert await seen(browser) == {"this": "tab", "other": "tab"}


async def test_a_write_after_log_out_in_another_tab_revives_nothing(
    storage: Storage, clock: FakeClock, heard: list[Event], aiohttp_client: AiohttpClient
) -> None:
    app = an_app(storage, clock, heard, Addresses("http://localhost:8080"))
    browser: Browser

    async def slow(request: web.Request) -> web.Response:
        session = await session_of(request)
        await browser.get("/sign_out", headers={"Cookie": request.headers["Cookie"]})
        session["this"] = "tab"
        return web.Response()

    app.router.add_get("/slow", slow)
    browser = await aiohttp_client(app)
    await browser.get("/sign_in?as=ada")
    captured = cookie_of(browser)
    cookie = await set_cookie(browser, "/slow")
    assert cookie is not None
    assert cookie.value == ""
    assert await replay(browser, captured) == {}


@pytest.mark.row("SEC-S07")
async def test_a_form_token_is_good_for_its_session_purpose_and_subject_alone(
    open_browser: OpenBrowser,
) -> None:
    browser, other = await open_browser(), await open_browser()
    token = await (await browser.get("/form?for=consent&of=1")).text()
    await other.get("/form?for=consent&of=1")

    async def accepted(by: Browser, purpose: str, subject: str, shown: str = token) -> object:
        query = {"for": purpose, "of": subject, "token": shown}
        return await (await by.get("/check", params=query)).json()

    assert await accepted(browser, "consent", "1") is True
    assert await accepted(browser, "consent", "2") is False
    assert await accepted(browser, "disconnect", "1") is False
    assert await accepted(browser, "consent1", "") is False
    assert await accepted(browser, "consent", "1", "") is False
    assert await accepted(browser, "consent", "1", "é") is False
    assert await accepted(other, "consent", "1") is False
    assert await accepted(await open_browser(), "consent", "1") is False


@pytest.mark.row("SEC-S09")
async def test_a_form_open_in_another_tab_stays_valid_over_a_sign_in(
    open_browser: OpenBrowser,
) -> None:
    browser = await open_browser()
    token = await (await browser.get("/form?for=consent&of=1")).text()
    await browser.get("/sign_in?as=ada")
    query = {"for": "consent", "of": "1", "token": token}
    assert await (await browser.get("/check", params=query)).json() is True


async def test_a_session_that_others_keep_changing_gives_up_with_a_log_line(
    storage: Storage,
    clock: FakeClock,
    heard: list[Event],
    aiohttp_client: AiohttpClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = an_app(storage, clock, heard, Addresses("http://localhost:8080"))
    browser = await aiohttp_client(app)
    await browser.get("/put?a=1")

    async def too_late(_: BrowserSession) -> bool:
        return False

    monkeypatch.setattr(storage.browser_sessions, "save", too_late)
    with capture_logs() as logs:
        assert (await browser.get("/put?a=2", allow_redirects=False)).status == 303
    assert [line["event"] for line in logs] == ["session.contended"]
    clock.advance(IDLE / 2)
    assert await seen(browser) == {"a": "1"}


async def test_announcing_is_optional(
    storage: Storage, clock: FakeClock, aiohttp_client: AiohttpClient
) -> None:
    app = web.Application()
    setup_sessions(app, storage, Addresses("http://localhost:8080"), TokenSettings(), clock)
    app.router.add_get("/sign_in", sign_in)
    app.router.add_get("/show", show)
    answer = await (await aiohttp_client(app)).get("/sign_in?as=ada")
    assert (await answer.json())["account"] == "ada"
