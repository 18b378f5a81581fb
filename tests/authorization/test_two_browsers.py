"""Two browsers that know the id of one sign-in: the first to approve has it alone."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from fakes.authorization_world import ADA, ALL, BEN, DEMO, ISSUER, SECOND, Setup
from fakes.browser_steps import Browser, Page
from sqlalchemy import update

from telamon.authorization.progress import from_data
from telamon.plugin import CodeIssued, ConsentGiven
from telamon.storage.schema import transactions

pytestmark = [pytest.mark.row("SEC-S02"), pytest.mark.row("SEC-S03"), pytest.mark.row("SEC-S07")]
Serve = Callable[..., Awaitable[Setup]]
BOTH = (DEMO, SECOND)


def is_shut_out(page: Page) -> bool:
    assert page.headers["Content-Type"].startswith("text/html")
    return (page.status, page.location, page.set_cookies) == (403, None, {})


def txn_of(page: Page) -> str:
    return parse_qs(urlsplit(page.url).query)["txn"][0]


async def shared_page(setup: Setup, client_id: str, *browsers: Browser) -> list[Page]:
    """The consent page of one sign-in in each of *browsers*; the first one started it."""
    started = await setup.authorize(client_id, browser=browsers[0])
    return [await browser.get(started.location or "") for browser in browsers]


async def stored(setup: Setup, page: Page) -> tuple[int, object]:
    """All that is known of the sign-in."""
    found = await setup.storage.transactions.get(txn_of(page), setup.clock.now)
    assert found is not None
    return found.version, from_data(found.data)


async def intrudes(setup: Setup, intruder: Browser, page: Page) -> None:
    """Try everything that a browser can do which has the form of a sign-in and its id."""
    before = await stored(setup, page)
    heard = len(setup.heard(ConsentGiven))
    assert is_shut_out(await intruder.get(page.url))
    for decision in ("approve", "deny", "perhaps"):
        assert is_shut_out(await intruder.submit(page, decision=decision))
    assert is_shut_out(await intruder.submit(page, decision="approve", scope=[]))
    assert await stored(setup, page) == before
    assert len(setup.heard(ConsentGiven)) == heard


@pytest.mark.parametrize("starter_approves", [True, False])
async def test_who_approves_second_is_refused_and_the_first_goes_on(
    here: Setup, client_id: str, *, starter_approves: bool
) -> None:
    browsers = here.browser(), here.browser()
    pages = await shared_page(here, client_id, *browsers)
    mine, theirs = (0, 1) if starter_approves else (1, 0)
    owner, intruder = browsers[mine], browsers[theirs]
    approved = await owner.submit(pages[mine], decision="approve", scope=["write:toys"])
    await intrudes(here, intruder, pages[theirs])
    assert not any("tlm_txn" in name for name in intruder.cookies[ISSUER])
    page = await owner.follow(approved)
    back = await here.from_atlassian(owner, page, sites=BOTH)
    assert is_shut_out(await intruder.get(back.location or ""))
    site = await owner.follow(await owner.follow(back))
    assert "Choose a site" in site.text
    assert is_shut_out(await intruder.get(site.url))
    for decision in ("approve", "deny"):
        sent = await intruder.post(
            here.url("/site"), site.form.filled(decision=decision, site=DEMO.cloud_id)
        )
        assert is_shut_out(sent)
    assert not here.heard(CodeIssued)
    done = await owner.submit(site, decision="approve", site=SECOND.cloud_id)
    answer = await here.redeem(client_id, done.answer["code"])
    assert answer.json["scope"].split() == [s for s in ALL if s != "write:papers"]
    assert [event.account_id for event in here.heard(CodeIssued)] == [ADA.account_id]


async def test_a_browser_that_comes_after_approval_sees_no_form(
    here: Setup, client_id: str
) -> None:
    owner, late = here.browser(), here.browser()
    page = await here.consent_page(owner, client_id)
    approved = await owner.submit(page, decision="approve")
    assert is_shut_out(await late.get(page.url))
    assert is_shut_out(await late.submit(page, decision="deny"))
    # Cookies that are merely there, of another sign-in or made up, open nothing either.
    other = await here.consent_page(late, client_id)
    late.cookies[ISSUER] |= dict.fromkeys(owner.cookies[ISSUER], "a" * 43)
    await late.submit(other, decision="approve")
    await intrudes(here, late, page)
    back = await here.from_atlassian(owner, await owner.follow(approved))
    assert "code" in (await owner.follow(back)).answer


async def test_of_two_browsers_that_approve_at_once_one_is_sent_to_atlassian(
    here: Setup, client_id: str
) -> None:
    browsers = [here.browser() for _ in range(4)]
    pages = await shared_page(here, client_id, *browsers)
    sent = await asyncio.gather(
        *(
            browser.submit(page, decision="approve")
            for browser, page in zip(browsers, pages, strict=True)
        )
    )
    assert sorted(answer.status for answer in sent) == [303, 403, 403, 403]
    assert all(is_shut_out(answer) for answer in sent if answer.status == 403)
    assert len(here.heard(ConsentGiven)) == 1


async def test_of_an_approval_and_a_strangers_denial_at_once_one_counts(
    here: Setup, client_id: str
) -> None:
    owner, stranger = here.browser(), here.browser()
    mine, theirs = await shared_page(here, client_id, owner, stranger)
    approved, denied = await asyncio.gather(
        owner.submit(mine, decision="approve"), stranger.submit(theirs, decision="deny")
    )
    assert len(here.heard(ConsentGiven)) == 1
    if approved.status == 303:
        assert denied.location is None
        back = await here.from_atlassian(owner, await owner.follow(approved))
        assert "code" in (await owner.follow(back)).answer
    else:
        assert denied.answer["error"] == "access_denied"


@pytest.mark.row("SEC-S06")
async def test_the_page_of_a_sign_in_at_its_site_is_nobodys_any_more(
    here: Setup, client_id: str
) -> None:
    owner, stranger = here.browser(), here.browser()
    mine, theirs = await shared_page(here, client_id, owner, stranger)
    page = await owner.follow(await owner.submit(mine, decision="approve"))
    site = await here.from_atlassian(owner, page, person=BEN, sites=BOTH)
    site = await owner.follow(await owner.follow(site))
    before = await stored(here, site)
    for browser, form in ((owner, mine), (stranger, theirs)):
        for decision in ("approve", "deny"):
            sent = await browser.submit(form, decision=decision)
            assert (sent.status, sent.location) == (400, None)
    assert await stored(here, site) == before
    assert "code" in (await owner.submit(site, decision="approve")).answer


async def status_with(setup: Setup, url: str, cookie: bytes, form: bytes = b"") -> int:
    """The status for a cookie that no well-meant browser sends."""
    base = urlsplit(setup.base)
    reader, writer = await asyncio.open_connection(base.hostname, base.port)
    path = url.removeprefix(ISSUER).encode()
    lines = [
        (b"POST " if form else b"GET ") + path + b" HTTP/1.1",
        b"Host: mcp.example.com\r\nAccept: text/html\r\nConnection: close",
        b"Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded",
        b"Content-Length: %d" % len(form),
        b"Cookie: " + cookie,
    ]
    writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + form)
    status = int((await reader.readline()).split()[1])
    writer.close()
    await writer.wait_closed()
    return status


@pytest.mark.parametrize("value", [b"\xff\xfe", "é".encode(), b'"a\\377"', b"a" * 4000, b""])
async def test_a_cookie_of_bytes_that_are_no_secret_of_ours_is_none(
    here: Setup, client_id: str, value: bytes
) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    (name,) = browser.cookies[ISSUER]
    cookie = name.encode() + b"=" + value
    form = urlencode(page.form.filled(decision="approve")).encode()
    assert await status_with(here, page.url, cookie) == 200
    assert await status_with(here, f"{ISSUER}/consent", cookie, form) == 403
    sent = await browser.submit(page, decision="approve")
    cookie = cookie.replace(b"form", b"txn")
    back = f"{ISSUER}/oauth/atlassian/callback?code=x&state={sent.answer['state']}"
    assert await status_with(here, back, cookie) == 403


@pytest.mark.row("SEC-K04")
async def test_a_sign_in_that_does_not_open_is_over(here: Setup, client_id: str) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    sent = await browser.submit(page, decision="approve")
    async with here.storage._database.engine.begin() as connection:
        await connection.execute(update(transactions).values(data=b"v1|gone|"))
    back = f"{ISSUER}/oauth/atlassian/callback?code=x&state={sent.answer['state']}"
    for answer in (await browser.get(page.url), await browser.get(back)):
        assert (answer.status, answer.location) == (400, None)
